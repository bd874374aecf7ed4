import { decodeJwt, decodeProtectedHeader } from 'jose';
import { createLineLimit } from '../observability/line-limit.ts';
import type { Logger } from '../observability/log.ts';

/** In characters. */
const shownLength = 200;

/** Makes what logs why a token was refused. Clients learn only that it was. */
export function createRefusalLog() {
  const mayLog = createLineLimit(100, 10);
  return (token: string, error: unknown, log: Logger): void => {
    // The name of an extension is the client's.
    const reason = (error instanceof Error ? error.message : 'unknown').replace(
      /(Extension Header Parameter) .*/s,
      '$1',
    );
    if (mayLog(reason)) log.info({ reason, ...describeToken(token) }, 'token refused');
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
