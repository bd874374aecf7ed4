import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceUnavailableError } from '../errors.ts';
import type { Deadline } from './deadline.ts';
import { failureOf, ReadOnlyError, type Failure } from './failures.ts';

/**
 * Runs work again after a failure that may pass, until the deadline.
 * @throws SERVICE_UNAVAILABLE for the last failure, and any other error as it is
 */
export async function runWithRetries<T>(attempt: () => Promise<T>, deadline: Deadline): Promise<T> {
  const counts = new Map<Failure, number>();
  for (;;) {
    deadline.throwIfPassed();
    try {
      return await attempt();
    } catch (error) {
      const failure = failureOf(error);
      if (!failure) throw error;
      const { kind, retries, pauseMs } = failure;
      const count = (counts.get(failure) ?? 0) + 1;
      counts.set(failure, count);
      if (kind === 'rowHeld') deadline.held = 'The session';
      if (deadline.hasPassed || count > retries)
        throw kind === 'readOnly' ? new ReadOnlyError(error) : new ServiceUnavailableError('The database', error);
      await sleep(backOff(pauseMs, count));
    }
  }
}

/** How long to wait before another try, in milliseconds: longer each time, up to five times as long. */
export function backOff(pauseMs: number, tries: number): number {
  return pauseMs * Math.min(tries, 5);
}
