import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from '../observability/log.ts';

/** How long a client may take to read a response, in milliseconds. */
const readingTimeout = 60_000;

/** Cuts off a client that does not read its response in time. */
export function limitReading(response: ServerResponse): void {
  if (response.writableLength === 0) return;
  const timer = setTimeout(() => response.destroy(), readingTimeout);
  response.once('close', () => clearTimeout(timer));
}

/** How many requests a connection may send ahead of their responses. */
const maximumPipelined = 32;

/**
 * Answers the requests of a connection in turn. Node.js hands over all that arrive together, and holds the responses that
 * the client does not read.
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
      log.warn({ maximumPipelined }, 'connection cut off: it sent too many requests ahead of their responses');
      socket.destroy();
    }
  };
}
