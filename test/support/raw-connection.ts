import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A connection on which a test writes the bytes itself. */
export interface RawConnection {
  socket: Socket;
  /** Writes a text, one byte for each of its characters. */
  send: (text: string) => void;
  /** All that has arrived. */
  received: () => string;
  /** The statuses of the answers that have arrived. */
  statuses: () => number[];
  isClosed: () => boolean;
  closed: Promise<void>;
}

export async function openRawConnection(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let received = '';
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  // The server may cut the connection off: what has arrived by then is what counts.
  socket.on('error', () => {});
  socket.once('close', () => resolve());
  await once(socket, 'connect');
  return {
    socket,
    send: (text) => void socket.write(text, 'latin1'),
    received: () => received,
    statuses: () => Array.from(received.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status]) => Number(status)),
    isClosed: () => socket.closed,
    closed,
  };
}

/** Opens many connections at once. */
export function openRawConnections(url: string, count: number): Promise<RawConnection[]> {
  return Promise.all(Array.from({ length: count }, () => openRawConnection(url)));
}
