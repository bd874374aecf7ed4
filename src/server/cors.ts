import type { IncomingMessage, ServerResponse } from 'node:http';
import { CodedError } from '../errors.ts';
import { createLineLimit } from '../observability/line-limit.ts';
import type { Logger } from '../observability/log.ts';

/** Makes the function that lets pages of these origins read responses, and names others in the log. */
export function createCors(origins: string[], log: Logger) {
  // Each once.
  const mayName = createLineLimit(10, 1);

  function warn(origin: string): void {
    const shown = origin.replace(/[^\x21-\x7e]/g, '?').slice(0, 100);
    if (!mayName(shown)) return;
    log.warn({ origin: shown }, 'pages of this origin may not read responses: to let them, add it to CORS_ORIGINS');
  }

  /**
   * Returns whether the request is a preflight, which needs no other response.
   * @throws FORBIDDEN for a preflight of an origin that is not listed
   */
  return ({ method, headers }: IncomingMessage, response: ServerResponse): boolean => {
    const isPreflight = method === 'OPTIONS';
    const { origin } = headers;
    if (origins.length > 0)
      response.setHeader('Vary', isPreflight ? 'Origin, Access-Control-Request-Headers' : 'Origin');
    if (origin === undefined) return false;
    if (!origins.includes(origin)) {
      // GraphiQL's page is of this server, whatever a proxy calls it.
      if (headers['sec-fetch-site'] === 'same-origin' || origin.endsWith(`//${headers.host}`)) return false;
      warn(origin);
      if (!isPreflight) return false;
      throw new CodedError('FORBIDDEN', 'CORS_ORIGINS of this server does not list the origin of your page.');
    }
    response.setHeader('Access-Control-Allow-Origin', origin);
    response.setHeader('Access-Control-Expose-Headers', 'X-Request-Id, Retry-After, WWW-Authenticate');
    if (!isPreflight) return false;
    response.setHeader('Access-Control-Allow-Methods', 'GET, POST, PATCH, DELETE');
    // Clients add headers of their own, such as traceparent: an allowed origin may send any.
    const asked = headers['access-control-request-headers'];
    if (asked !== undefined) response.setHeader('Access-Control-Allow-Headers', asked);
    response.setHeader('Access-Control-Max-Age', '600');
    return true;
  };
}
