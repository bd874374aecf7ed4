import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceUnavailableError } from '../errors.ts';
import { failureOf, type Failure } from './failures.ts';

/** How often work runs again after each kind of failure. */
const retryLimits: Record<Failure, number> = { conflict: 4, connectionLost: 1, outOfResources: 0 };

/** How long to wait after the loss of a connection: others were probably lost too. */
const pauseMs = 50;

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
      if (failure === 'connectionLost') await sleep(pauseMs);
    }
  }
}
