import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Viewer } from '../auth/viewer.ts';
import { CodedError } from '../errors.ts';

/**
 * Makes a counter of each user's creations.
 * @param limit how many objects a minute this server lets each user create; undefined: any number
 * @returns a function that throws RATE_LIMITED when the creation is one too many
 */
export function createRateLimit(limit: number | undefined): (viewer: Viewer) => Promise<void> {
  if (limit === undefined) return async () => {};
  const limiter = new RateLimiterMemory({ points: limit, duration: 60 });
  return async ({ id }) => {
    try {
      await limiter.consume(id);
    } catch (cause) {
      const retryAfter = cause instanceof RateLimiterRes ? Math.ceil(cause.msBeforeNext / 1000) : 60;
      const message = `You may create ${limit} objects a minute. Try again in ${retryAfter} seconds.`;
      throw new CodedError('RATE_LIMITED', message, { retryAfter });
    }
  };
}
