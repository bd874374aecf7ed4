import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LogFields, Logger } from './log.ts';
import { errorsAnswered, requestDuration } from './metrics.ts';

/** How many characters of a path tell which one it is. */
const shownLength = 200;

interface Request {
  path: string;
  /** For metrics: `graphql`, `rest` or `other`. */
  api: string;
  log: Logger;
  logFields: LogFields;
}

/** Logs and measures a request once its response is sent. */
export function logRequest(
  { method, socket: { remoteAddress: address } }: IncomingMessage,
  response: ServerResponse,
  { path, api, log, logFields }: Request,
): void {
  const start = performance.now();
  response.once('close', () => {
    const duration = performance.now() - start;
    const durationMs = Math.round(10 * duration) / 10;
    const message = response.writableFinished ? 'request' : 'request cut off';
    const status = response.writableFinished ? `${Math.floor(response.statusCode / 100)}xx` : 'cut off';
    requestDuration.observe(duration / 1000, { api, status });
    for (const code of logFields.errors ?? []) errorsAnswered.inc({ api, code });
    const shownPath = path.slice(0, shownLength);
    log.info({ address, method, path: shownPath, ...logFields, status: response.statusCode, durationMs }, message);
  });
}
