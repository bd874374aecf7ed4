import { ServiceUnavailableError } from '../errors.ts';
import type { Database, Orm } from './database.ts';
import { failureOf, type Failure } from './failures.ts';

/** How often work runs again after each kind of failure. */
const retryLimits: Record<Failure, number> = { conflict: 4, connectionLost: 1, outOfResources: 0 };

/**
 * Makes `Database.run`: it retries failed work and enforces the deadline.
 * @param currentOrm the pool to use, asked before each attempt since it may have been replaced
 * @param timeoutMs the deadline of all attempts together
 * @param onLost is told of a pool whose connections failed or did not answer, and may never do so again
 */
export function createRunner(
  currentOrm: () => Orm,
  timeoutMs: number,
  onLost: (orm: Orm) => void = () => {},
): Database['run'] {
  return async <T>(work: (orm: Orm) => Promise<T>) => {
    const retriesLeft = { ...retryLimits };
    let isOver = false;
    let orm = currentOrm();

    function mayRetry(error: unknown): boolean {
      // The deadline has passed and the request has its answer.
      if (isOver) return false;
      const failure = failureOf(error);
      if (failure === 'connectionLost') onLost(orm);
      return failure !== undefined && retriesLeft[failure]-- > 0;
    }

    async function runWithRetries(): Promise<T> {
      for (;;) {
        try {
          return await work(orm);
        } catch (error) {
          if (!mayRetry(error)) throw failureOf(error) ? new ServiceUnavailableError('The database', error) : error;
          orm = currentOrm();
        }
      }
    }

    const { promise: expired, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      reject(new ServiceUnavailableError('The database'));
      onLost(orm);
    }, timeoutMs);
    try {
      return await Promise.race([runWithRetries(), expired]);
    } finally {
      isOver = true;
      clearTimeout(timer);
    }
  };
}
