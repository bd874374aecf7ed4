import { decodeJwt, decodeProtectedHeader } from 'jose';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { Logger } from '../observability/log.ts';

/** How many lines each reason has in a minute: a flood must neither fill the log nor hide other reasons. */
const linesPerMinute = 10;
/** In characters. */
const shownLength = 200;

/** Makes what logs why a token was refused. Clients learn only that it was. */
export function createRefusalLog() {
  const limiter = new RateLimiterMemory({ points: linesPerMinute, duration: 60 });
  return async (token: string, error: unknown, log: Logger): Promise<void> => {
    // The name of an extension is the client's.
    const reason = error instanceof Error ? error.message.replace(/(Extension Header Parameter) .*/s, '$1') : undefined;
    const isAllowed = await limiter.consume(String(reason)).then(
      () => true,
      () => false,
    );
    if (isAllowed) log.info({ reason, ...describeToken(token) }, 'token refused');
  };
}

/** Nothing in it is verified. */
function describeToken(token: string): Record<string, string> {
  try {
    const { iss, aud } = decodeJwt(token);
    const { kid } = decodeProtectedHeader(token);
    return { iss: shorten(iss), aud: shorten(aud), kid: shorten(kid) };
  } catch {
    return {};
  }
}

function shorten(value: unknown): string {
  return [value]
    .flat()
    .filter((part) => typeof part === 'string')
    .join(', ')
    .slice(0, shownLength);
}
