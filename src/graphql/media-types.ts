import type { IncomingMessage } from 'node:http';
import Negotiator from 'negotiator';

/** What GraphQL over HTTP may be answered as. */
export const mediaTypes = ['application/json', 'application/graphql-response+json'];

/** Chooses one of the media types by the header `Accept`. Undefined: it accepts none of them. */
export function chooseMediaType({ headers }: IncomingMessage, available: string[]): string | undefined {
  if (available.includes(headers.accept ?? '')) return headers.accept;
  // Negotiator compares all parameters, so `text/csv; charset=utf-8` would not be `text/csv`: keep only `q`.
  const accept = headers.accept?.replaceAll(/;(?!\s*q=)[^,;]*/gi, '');
  return new Negotiator({ headers: { accept } }).mediaType(available);
}

/** Whether a request comes from a browser that opens a page. */
export function asksForPage(request: IncomingMessage): boolean {
  return request.method === 'GET' && chooseMediaType(request, [...mediaTypes, 'text/html']) === 'text/html';
}
