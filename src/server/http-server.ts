import { createServer, type RequestListener, type Server } from 'node:http';
import { StartupError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { answerInTurn, timeouts } from './connection-limits.ts';

export function createHttpServer(app: RequestListener, log: Logger): Server {
  return createServer(timeouts, answerInTurn(app, log));
}

/**
 * Starts to listen; port 0 takes a free one.
 * @returns the server's URL, without a slash at its end
 * @throws StartupError when the address is taken or not ours
 */
export async function listen(server: Server, host: string, port: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(port, host, resolve);
  await promise.catch((cause: Error) => {
    throw new StartupError(`Cannot listen: ${cause.message}. Set HOST and PORT to a free address.`, { cause });
  });
  const address = server.address();
  const chosenPort = typeof address === 'object' && address ? address.port : port;
  return `http://${host.includes(':') ? `[${host}]` : host}:${chosenPort}`;
}

/** Stops listening and lets running requests finish, for 7 seconds at most. */
export async function stopListening(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  // `close` ends only connections that are idle already, not those that fall idle later.
  const sweep = setInterval(() => server.closeIdleConnections(), 100);
  const cutOff = setTimeout(() => server.closeAllConnections(), 7000);
  await promise;
  clearInterval(sweep);
  clearTimeout(cutOff);
}
