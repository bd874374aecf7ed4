import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from '../observability/log.ts';

/** How long a client may take to send a request, and to start the next one, in milliseconds. */
const timeouts = {
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 10_000,
  connectionsCheckingInterval: 1000,
};

/**
 * Makes a server that cuts off clients who are too slow. It gives them the time that this process lost in a pause or a
 * flood of work: what they sent in time may still be unread, since Node.js checks its time-outs before it reads.
 */
export function createTimedServer(listener: RequestListener): Server {
  const server = createServer(timeouts, listener);
  let lastRead = performance.now();
  function extend(timeout: number): number {
    const elapsed = Math.round(performance.now() - lastRead);
    setImmediate(() => (lastRead = performance.now()));
    return timeout + Math.max(0, elapsed - timeouts.connectionsCheckingInterval);
  }
  // Node.js reads these two anew at each check.
  Object.defineProperties(server, {
    headersTimeout: { get: () => extend(timeouts.headersTimeout) },
    requestTimeout: { get: () => extend(timeouts.requestTimeout) },
  });
  // This one is of connections that are kept for a next request.
  return server.on('timeout', (socket) => {
    const { bytesRead } = socket;
    setImmediate(() => socket.bytesRead === bytesRead && socket.destroy());
  });
}

/** How long a client may take to read an answer, in milliseconds. */
const readTimeout = 60_000;

/** Cuts off the client of a written answer that it has not read in time. */
export function limitReading(response: ServerResponse): void {
  if (response.writableLength === 0) return;
  const timer = setTimeout(() => response.destroy(), readTimeout);
  response.once('close', () => clearTimeout(timer));
}

/** The most requests that a connection may send ahead of their answers. */
const maximumPipelined = 32;

/**
 * Answers the requests of a connection in turn. Node hands over at once all that arrive together, and holds the answers
 * that the client does not read.
 */
export function answerInTurn(app: RequestListener, log: Logger): RequestListener {
  const queues = new WeakMap<Socket, [IncomingMessage, ServerResponse][]>();

  function start(request: IncomingMessage, response: ServerResponse): void {
    response.once('close', () => startNext(request.socket));
    app(request, response);
  }

  function startNext(socket: Socket): void {
    const next = socket.destroyed ? undefined : queues.get(socket)?.shift();
    if (next) start(...next);
    else queues.delete(socket);
  }

  return (request, response) => {
    const { socket } = request;
    const queue = queues.get(socket);
    if (!queue) {
      queues.set(socket, []);
      start(request, response);
    } else if (queue.length < maximumPipelined) queue.push([request, response]);
    else if (!socket.destroyed) {
      log.warn({ maximumPipelined }, 'connection cut off: it sent too many requests ahead of their answers');
      socket.destroy();
    }
  };
}
