import { ServiceUnavailableError } from '../errors.ts';

/**
 * Waits for work until its deadline.
 * @param timeoutMs how long, in milliseconds
 * @param start begins the work. Its signal is aborted at the deadline, so that no further part of it begins.
 * @throws SERVICE_UNAVAILABLE at the deadline, though the work may still run
 */
export async function withDeadline<T>(timeoutMs: number, start: (deadline: AbortSignal) => Promise<T>): Promise<T> {
  const deadline = new AbortController();
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const error = new ServiceUnavailableError('The database');
    deadline.abort(error);
    reject(error);
  }, timeoutMs);
  try {
    return await Promise.race([start(deadline.signal), expired]);
  } finally {
    clearTimeout(timer);
  }
}
