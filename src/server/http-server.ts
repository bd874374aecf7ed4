import type { RequestListener, Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { StartupError } from '../errors.ts';
import type { Logger } from '../observability/log.ts';
import { clientConnections } from '../observability/metrics.ts';
import { answerInTurn, createTimedServer } from './connection-limits.ts';

export function createHttpServer(app: RequestListener, log: Logger): Server {
  return createTimedServer(answerInTurn(app, log)).on('connection', (socket) => {
    clientConnections.inc();
    socket.once('close', () => clientConnections.dec());
  });
}

/**
 * Starts to listen; port 0 takes a free one.
 * @param variable names the port, for whoever must set another
 * @returns the server's URL, without a slash at its end
 * @throws StartupError when the address is taken or not ours
 */
export async function listen(server: Server, host: string, port: number, variable = 'PORT'): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(port, host, resolve);
  await promise.catch((cause: Error) => {
    throw new StartupError(`Cannot listen: ${cause.message}. Set HOST and ${variable} to a free address.`, { cause });
  });
  const address = server.address();
  const chosenPort = typeof address === 'object' && address ? address.port : port;
  return `http://${host.includes(':') ? `[${host}]` : host}:${chosenPort}`;
}

/**
 * Serves as before for `delayMs`, so that load balancers turn away; then stops listening and lets running requests finish.
 * After a delay, clients get a second to close their own connections: one that we close may be about to carry a request.
 * All of it takes 8.5 seconds at most, for delays of up to 7.
 */
export async function stopListening(server: Server, delayMs = 0): Promise<void> {
  await sleep(delayMs);
  // The system resets connections that wait to be accepted: close right after a quick turn, which has accepted them.
  for (let turn = 0, start = -1; turn < 100 && performance.now() - start > 0.1; turn += 1) {
    start = performance.now();
    await setImmediate();
  }
  const { promise, resolve } = Promise.withResolvers<void>();
  // The `close` of node:http would end idle connections too.
  NetServer.prototype.close.call(server, () => resolve());
  server.prependListener('request', (_request, response) => void response.setHeader('Connection', 'close'));
  await Promise.race([promise, sleep(Math.min(delayMs, 1000))]);
  const sweep = setInterval(() => server.closeIdleConnections(), 100);
  const cutOff = setTimeout(() => server.closeAllConnections(), Math.max(7000 - delayMs, 500));
  await promise;
  clearInterval(sweep);
  clearTimeout(cutOff);
}
