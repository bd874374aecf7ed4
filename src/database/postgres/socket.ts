import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { databaseConnections } from '../../metrics.ts';
import type { Address, DatabaseUrl, Encryption } from './database-url.ts';

/** PostgreSQL's question whether the server takes TLS. */
const tlsRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/**
 * Connects to PostgreSQL, with TLS where `encryption` asks for it. postgres.js would check a certificate for an IP address
 * against "localhost", and knows no fallback.
 * @param signal destroys the socket, at any time
 */
export async function openSocket(
  address: Address,
  encryption: Encryption,
  { tls, isDirectTls }: DatabaseUrl,
  signal: AbortSignal,
): Promise<Socket> {
  const socket = connect(address);
  destroyAt(signal, socket);
  await first(socket, 'connect');
  databaseConnections.inc();
  socket.once('close', () => databaseConnections.dec());
  // libpq too ignores sslmode on a Unix socket.
  if ('path' in address || encryption === 'off') return socket;
  if (!isDirectTls) {
    socket.write(tlsRequest);
    const [answer] = await first(socket, 'data');
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
  const secured = connectTls({ ...tls, ...names, socket, ...(isDirectTls && { ALPNProtocols: ['postgresql'] }) });
  destroyAt(signal, secured);
  await first(secured, 'secureConnect');
  return secured;
}

/**
 * Asks PostgreSQL, over a new socket, to cancel what another connection runs. Waits until it has taken the request
 * (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS).
 */
export async function requestCancel(socket: Socket, { pid, secret }: { pid: number; secret: number }): Promise<void> {
  const request = Buffer.alloc(16);
  for (const [index, word] of [16, 80_877_102, pid, secret].entries()) request.writeUInt32BE(word, 4 * index);
  socket.resume().write(request);
  await once(socket, 'close');
}

function destroyAt(signal: AbortSignal, socket: Socket): void {
  const destroy = () => socket.destroy();
  if (signal.aborted) destroy();
  signal.addEventListener('abort', destroy, { once: true });
  socket.once('close', () => signal.removeEventListener('abort', destroy));
}

/** Waits for an event. @throws ECONNREFUSED when the socket closes before it, and what the socket says */
async function first(socket: Socket, event: string): Promise<unknown[]> {
  const closed = once(socket, 'close').then(() => {
    throw Object.assign(new Error('the connection was closed at its start'), { code: 'ECONNREFUSED' });
  });
  return Promise.race([once(socket, event), closed]);
}
