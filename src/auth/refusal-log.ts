import { decodeJwt, decodeProtectedHeader } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Logger } from '../observability/log.ts';

/** How many lines each reason has in a minute: a flood must neither fill the log nor hide other reasons. */
const linesPerMinute = 10;
/** In characters. */
const shownLength = 200;

/** Makes what logs why a token was refused. Clients learn only that it was. */
export function createRefusalLog() {
  /** How many lines each reason has in this minute. */
  const counts = new LRUCache<string, number>({ max: 100, ttl: 60_000, noUpdateTTL: true });
  return (token: string, error: unknown, log: Logger): void => {
    // The name of an extension is the client's.
    const reason = (error instanceof Error ? error.message : 'unknown').replace(
      /(Extension Header Parameter) .*/s,
      '$1',
    );
    const count = counts.get(reason) ?? 0;
    if (count === linesPerMinute) return;
    counts.set(reason, count + 1);
    log.info({ reason, ...describeToken(token) }, 'token refused');
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
