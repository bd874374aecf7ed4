import type { Viewer } from '../auth/viewer.ts';
import { ServiceUnavailableError } from '../errors.ts';
import { runningRequests } from '../metrics.ts';

/** The most requests of signed-in users, and of strangers, that run at a time. */
const limits = { users: 1000, strangers: 1000 };

/** The place of one request among those that run. */
export interface Place {
  /**
   * Takes the place, unless the request has it. A stranger takes it before the body is read, a signed-in user after: so slow
   * bodies of strangers take no user's place.
   * @throws SERVICE_UNAVAILABLE when all are taken: one more would only wait longer, and hold memory meanwhile
   */
  take(viewer: Viewer | null): void;
  leave(): void;
}

export function createRunningRequests(): () => Place {
  const counts = { users: 0, strangers: 0 };
  return () => {
    let group: keyof typeof counts | undefined;
    return {
      take(viewer) {
        if (group) return;
        const wanted = viewer ? 'users' : 'strangers';
        if (counts[wanted] >= limits[wanted]) throw new ServiceUnavailableError('The server');
        counts[wanted] += 1;
        runningRequests.inc({ of: wanted });
        group = wanted;
      },
      leave() {
        if (!group) return;
        counts[group] -= 1;
        runningRequests.dec({ of: group });
        group = undefined;
      },
    };
  };
}
