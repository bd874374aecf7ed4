import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Viewer } from './auth/token-verifier.ts';
import { CodedError } from './errors.ts';

/**
 * Makes a counter of what each user creates.
 * @param limit how many creations a minute a user may ask of this server; undefined: any number
 * @returns throws RATE_LIMITED for one too many
 */
export function createRateLimit(limit: number | undefined): (viewer: Viewer) => Promise<void> {
  if (limit === undefined) return async () => {};
  const limiter = new RateLimiterMemory({ points: limit, duration: 60 });
  return async ({ id }) => {
    try {
      await limiter.consume(id);
    } catch (cause) {
      const seconds = cause instanceof RateLimiterRes ? Math.ceil(cause.msBeforeNext / 1000) : 60;
      const message = `You may create ${limit} sessions a minute. Try again in ${seconds} seconds.`;
      throw new CodedError('RATE_LIMITED', message, { headers: { 'Retry-After': String(seconds) } });
    }
  };
}
