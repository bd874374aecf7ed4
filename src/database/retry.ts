import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceUnavailableError } from '../errors.ts';
import { failureOf, type Failure } from './failures.ts';
import { heldRowPauseMs } from './held-rows.ts';

/** How often work runs again after each kind of failure. */
const retryLimits: Record<Failure, number> = { conflict: 4, rowHeld: Infinity, connectionLost: 1, outOfResources: 0 };

/** How long to wait before, in milliseconds. When a connection is lost, others probably are, too. */
const pausesMs: Record<Failure, number> = {
  conflict: 0,
  rowHeld: heldRowPauseMs,
  connectionLost: 50,
  outOfResources: 0,
};

/**
 * Runs work again after a failure that may pass, until the deadline.
 * @throws SERVICE_UNAVAILABLE for the last failure, and any other error as it is
 */
export async function runWithRetries<T>(attempt: () => Promise<T>, deadline: AbortSignal): Promise<T> {
  const retriesLeft = { ...retryLimits };
  for (;;) {
    deadline.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      const failure = failureOf(error);
      if (!failure) throw error;
      if (deadline.aborted || retriesLeft[failure]-- === 0) throw new ServiceUnavailableError('The database', error);
      await sleep(pausesMs[failure]);
    }
  }
}
