import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { databaseConnections } from '../../observability/metrics.ts';
import { DatabaseFailure } from '../failures.ts';
import type { DatabaseUrl } from './database-url.ts';
import type { Route } from './routes.ts';

/** PostgreSQL's question whether the server takes TLS. */
const tlsRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/**
 * Connects to PostgreSQL, with TLS where the route asks for it. postgres.js would check a certificate for an IP address
 * against "localhost", and knows no fallback.
 * @param signal destroys the socket, also once it is connected, with its reason
 */
export async function openSocket(
  { address, encryption }: Route,
  { tls, isDirectTls }: DatabaseUrl,
  signal: AbortSignal,
): Promise<Socket> {
  const socket = guard(connect(address), signal);
  await waitFor(socket, 'connect');
  databaseConnections.inc();
  socket.once('close', () => databaseConnections.dec());
  // libpq too ignores sslmode on a Unix socket.
  if ('path' in address || encryption === 'off') return socket;
  if (!isDirectTls) {
    socket.write(tlsRequest);
    const [answer] = await waitFor(socket, 'data');
    // What follows the answer unencrypted may be forged (CVE-2021-23222).
    const isOffered = Buffer.isBuffer(answer) && answer.equals(Buffer.from('S'));
    if (!isOffered && encryption === 'ifOffered') return socket;
    if (!isOffered) {
      socket.destroy();
      throw new Error('the server does not offer TLS');
    }
  }
  const { host } = address;
  const names = isIP(host) ? { host } : { host, servername: host };
  const protocols = isDirectTls && { ALPNProtocols: ['postgresql'] };
  const secured = guard(connectTls({ ...tls, ...names, socket, ...protocols }), signal);
  await waitFor(secured, 'secureConnect');
  return secured;
}

/** Waits for a result. @throws what the socket fails with, if it closes before */
export async function whileOpen<T>(socket: Socket, result: Promise<T>): Promise<T> {
  const { promise: lost, reject } = Promise.withResolvers<never>();
  const onClose = () => reject(socket.errored ?? closedByDatabase());
  if (socket.destroyed) onClose();
  socket.once('close', onClose);
  try {
    return await Promise.race([result, lost]);
  } finally {
    socket.off('close', onClose);
  }
}

/**
 * Has the signal destroy a socket, and makes its end an error: after an end without one, postgres.js would connect
 * again at once, thousands of times a second.
 */
function guard(socket: Socket, signal: AbortSignal): Socket {
  const destroy = () => socket.destroy(signal.reason);
  signal.addEventListener('abort', destroy, { once: true });
  socket.once('close', () => signal.removeEventListener('abort', destroy));
  socket.once('end', () => socket.destroy(closedByDatabase()));
  return socket.on('error', () => {});
}

const waitFor = (socket: Socket, event: string) => whileOpen(socket, once(socket, event));

const closedByDatabase = () => new DatabaseFailure('08006', 'the database closed the connection');
