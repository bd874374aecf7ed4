import { createServer, type RequestListener, type Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { StartupError } from '../errors.ts';
import type { Logger } from '../observability/log.ts';
import { clientConnections } from '../observability/metrics.ts';
import { answerInTurn } from './connection-limits.ts';

/** How long a client may take to send a request, in milliseconds. Long enough for a pause of this process, too. */
const sendingTimeout = 30_000;

/** How long a connection is kept for a next request, in milliseconds: longer than a load balancer keeps it. */
const idleTimeout = 75_000;

/** Makes a server that cuts off clients who are too slow. Of a request's target, the app sees the path and the query. */
export function createTimedServer(app: RequestListener): Server {
  const timeouts = {
    headersTimeout: sendingTimeout,
    requestTimeout: sendingTimeout,
    keepAliveTimeout: idleTimeout,
    connectionsCheckingInterval: 1000,
  };
  return createServer(timeouts, (request, response) => {
    request.url = withoutHost(request.url);
    app(request, response);
  });
}

/** Takes from a target its host, if it has one (RFC 9112, section 3.2.2), and a slash at the end of its path. */
function withoutHost(target = '/'): string {
  const [, path = '', query = ''] = /^(?:https?:\/\/[^/?]*)?([^?]*)(.*)$/i.exec(target) ?? [];
  return (path.replace(/\/$/, '') || '/') + query;
}

export function createHttpServer(app: RequestListener, log: Logger): Server {
  const server = createTimedServer(answerInTurn(app, log));
  // Reading the body asks for it: a client that is refused before need not send it.
  server.on('checkContinue', (request, response) => server.emit('request', request, response));
  return server.on('connection', (socket) => {
    clientConnections.inc();
    socket.once('close', () => clientConnections.dec());
  });
}

/**
 * Starts to listen; port 0 takes a free one.
 * @param variable the variable of the port, for the message
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

const maximumTurns = 100;
/** In milliseconds. */
const quickTurn = 0.1;

/** How long clients get to close their own connections, in milliseconds. */
const closingTime = 1000;
/** When running requests are cut off, in milliseconds after the stop was asked for, and how long they get at least. */
const cutOffAfter = 7000;
const shortestRun = 500;

/**
 * Serves as before for `delayMs`, so that load balancers turn away; then stops listening and lets running requests finish.
 * After a delay, clients get a second to close their own connections: one that we close may be about to carry a request.
 * All of it takes at most 8.5 seconds, for delays of up to 7.
 */
export async function stopListening(server: Server, delayMs = 0): Promise<void> {
  await sleep(delayMs);
  await acceptWaitingConnections();
  const { promise, resolve } = Promise.withResolvers<void>();
  // The `close` of node:http would end idle connections too.
  NetServer.prototype.close.call(server, () => resolve());
  server.prependListener('request', (_request, response) => void response.setHeader('Connection', 'close'));
  await Promise.race([promise, sleep(Math.min(delayMs, closingTime))]);
  const sweep = setInterval(() => server.closeIdleConnections(), 100);
  const cutOff = setTimeout(() => server.closeAllConnections(), Math.max(cutOffAfter - delayMs, shortestRun));
  await promise;
  clearInterval(sweep);
  clearTimeout(cutOff);
}

/** Until a turn of the event loop is quick, and so accepted none: the system resets those that wait when we close. */
async function acceptWaitingConnections(): Promise<void> {
  for (let turn = 0; turn < maximumTurns; turn += 1) {
    const start = performance.now();
    await setImmediate();
    if (performance.now() - start < quickTurn) return;
  }
}
