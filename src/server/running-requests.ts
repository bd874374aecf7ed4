import { isAdministrator, type Viewer } from '../auth/viewer.ts';
import { CodedError, ServiceUnavailableError } from '../errors.ts';
import { runningRequests } from '../observability/metrics.ts';

/** The maximum number of requests that run at a time, of administrators and of all others. */
const maximumRunning = 1000;
/** The same of one user. */
const maximumOfUser = 500;
const maximumStreamsOfUser = 10;

/** The slot of one request among those that run. */
interface Slot {
  /**
   * Takes the slot, unless the request has it. Administrators take theirs after the body is read, all others before: so
   * slow anonymous uploads cannot use up slots of administrators, and their number is limited.
   * @throws SERVICE_UNAVAILABLE when all are taken: one more would only wait longer, and hold memory meanwhile
   * @throws RATE_LIMITED when the viewer has half of them
   */
  take(viewer: Viewer | null): void;
  /** Takes a slot among the viewer's streamed lists, too. @throws RATE_LIMITED */
  takeStream(viewer: Viewer | null): void;
  leave(): void;
}

export function createRunningRequests(): () => Slot {
  /** How many slots are taken, by what has a limit of its own. */
  const counts = new Map<string, number>();
  return () => {
    const taken: string[] = [];
    let group: 'users' | 'strangers' | undefined;

    function count(name: string, limit: number, refusal: () => CodedError): void {
      const before = counts.get(name) ?? 0;
      if (before >= limit) throw refusal();
      counts.set(name, before + 1);
      taken.push(name);
    }

    return {
      take(viewer) {
        if (group) return;
        const wanted = isAdministrator(viewer) ? 'users' : 'strangers';
        if (viewer) count(`requests of ${viewer.id}`, maximumOfUser, () => tooMany(maximumOfUser, 'requests'));
        count(wanted, maximumRunning, overload);
        runningRequests.inc({ of: wanted });
        group = wanted;
      },
      takeStream(viewer) {
        const refusal = () => tooMany(maximumStreamsOfUser, 'lists with "all"');
        if (viewer) count(`streams of ${viewer.id}`, maximumStreamsOfUser, refusal);
      },
      leave() {
        for (const name of taken.splice(0)) {
          const left = (counts.get(name) ?? 1) - 1;
          if (left > 0) counts.set(name, left);
          else counts.delete(name);
        }
        if (group) runningRequests.dec({ of: group });
        group = undefined;
      },
    };
  };
}

const overload = () => new ServiceUnavailableError('The server', undefined, 'has too many requests at once');

function tooMany(limit: number, what: string): CodedError {
  const message = `${limit} of your ${what} are running. Wait until one has ended, then try again.`;
  return new CodedError('RATE_LIMITED', message, { retryAfter: 2 });
}
