import type { IncomingMessage, ServerResponse } from 'node:http';

/** Lets pages of these origins read the response. Returns whether the request is a preflight, which needs no other. */
export function allowOrigin(
  { method, headers }: IncomingMessage,
  response: ServerResponse,
  origins: string[],
): boolean {
  if (origins.length === 0) return false;
  response.setHeader('Vary', method === 'OPTIONS' ? 'Origin, Access-Control-Request-Headers' : 'Origin');
  if (headers.origin === undefined || !origins.includes(headers.origin)) return false;
  response.setHeader('Access-Control-Allow-Origin', headers.origin);
  response.setHeader('Access-Control-Expose-Headers', 'X-Request-Id, Retry-After, WWW-Authenticate');
  if (method !== 'OPTIONS') return false;
  response.setHeader('Access-Control-Allow-Methods', 'GET, POST, PATCH, DELETE');
  // Clients add headers of their own, such as traceparent: an allowed origin may send any.
  const asked = headers['access-control-request-headers'];
  if (asked !== undefined) response.setHeader('Access-Control-Allow-Headers', asked);
  response.setHeader('Access-Control-Max-Age', '600');
  return true;
}
