import { ServiceUnavailableError } from '../errors.ts';
import type { Database, Orm } from './database.ts';
import { failureOf, type Failure } from './failures.ts';

type Work<T> = (orm: Orm) => Promise<T>;

/** How often work runs again after each kind of failure. */
const retryLimits: Record<Failure, number> = { conflict: 4, connectionLost: 1, outOfResources: 0 };

interface Attempts {
  /** What to run on, asked before each attempt. */
  connect: () => Orm | Promise<Orm>;
  /** Called when the connection failed, and may never work again. */
  onLost: () => void;
  /** Whether the deadline has passed, and the request has its answer. */
  isOver: () => boolean;
}

/**
 * Runs work again after a failure that may pass.
 * @throws SERVICE_UNAVAILABLE for the last failure, and any other error as it is
 */
export async function runWithRetries<T>(work: Work<T>, { connect, onLost, isOver }: Attempts): Promise<T> {
  const retriesLeft = { ...retryLimits };
  for (;;) {
    try {
      return await work(await connect());
    } catch (error) {
      const failure = failureOf(error);
      if (!failure) throw error;
      if (failure === 'connectionLost') onLost();
      if (isOver() || retriesLeft[failure]-- === 0) throw new ServiceUnavailableError('The database', error);
    }
  }
}

/**
 * Waits for a result until the deadline.
 * @param onExpired called at the deadline
 * @throws SERVICE_UNAVAILABLE at the deadline
 */
export async function withDeadline<T>(result: Promise<T>, timeoutMs: number, onExpired: () => void): Promise<T> {
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new ServiceUnavailableError('The database'));
    onExpired();
  }, timeoutMs);
  try {
    return await Promise.race([result, expired]);
  } finally {
    clearTimeout(timer);
  }
}

/** Makes `Database.run` for a database of one connection, which cannot be lost. */
export function createRunner(currentOrm: () => Orm, timeoutMs: number): Database['run'] {
  return <T>(work: Work<T>) => {
    let isOver = false;
    const result = runWithRetries(work, { connect: currentOrm, onLost: () => {}, isOver: () => isOver });
    return withDeadline(result, timeoutMs, () => (isOver = true));
  };
}
