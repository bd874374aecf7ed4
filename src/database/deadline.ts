import { ServiceUnavailableError } from '../errors.ts';

/** When work must end: no further part of it may begin after that. */
export class Deadline {
  hasPassed = false;
  /** What the work waits for because another transaction holds it, as the subject of a sentence. */
  held: string | undefined;

  /** @throws SERVICE_UNAVAILABLE, which says what held the work up */
  throwIfPassed(): void {
    if (this.hasPassed) throw this.toError();
  }

  toError(): ServiceUnavailableError {
    if (this.held === undefined) return new ServiceUnavailableError('The database');
    return new ServiceUnavailableError(this.held, undefined, 'is held by another transaction');
  }
}

/**
 * Waits for work until its deadline.
 * @param timeoutMs how long, in milliseconds
 * @throws SERVICE_UNAVAILABLE at the deadline, though the work may still run
 */
export async function withDeadline<T>(timeoutMs: number, start: (deadline: Deadline) => Promise<T>): Promise<T> {
  const deadline = new Deadline();
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    deadline.hasPassed = true;
    reject(deadline.toError());
  }, timeoutMs);
  try {
    return await Promise.race([start(deadline), expired]);
  } finally {
    clearTimeout(timer);
  }
}
