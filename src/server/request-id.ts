import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Takes a proxy's request id, if it looks like one, so that the logs of both can be joined. */
export function chooseRequestId({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}

/** The position of the request in its client's trace, if it has one: https://www.w3.org/TR/trace-context/ */
export function readTraceParent({ headers: { traceparent } }: IncomingMessage): { traceparent?: string } {
  const isValid =
    typeof traceparent === 'string' && /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/.test(traceparent);
  return isValid ? { traceparent } : {};
}
