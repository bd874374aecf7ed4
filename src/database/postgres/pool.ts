import type { Socket } from 'node:net';
import type { Database, Work } from '../database.ts';
import { withDeadline, type Deadline } from '../deadline.ts';
import { DatabaseFailure, isOfConnection } from '../failures.ts';
import { runWithRetries } from '../retry.ts';
import { createBulkheads } from './bulkheads.ts';
import type { Connection } from './connection.ts';
import { whileOpen } from './socket.ts';

/**
 * Runs each piece of work on a connection of its own: nothing waits in a connection behind a slow statement.
 * @param connect opens a connection
 * @param size how many connections there are at most
 * @param timeoutMs the deadline of work, in milliseconds
 */
export function createPool(
  connect: () => Promise<Connection>,
  size: number,
  timeoutMs: number,
): Omit<Database, 'description'> {
  const runInBulkhead = createBulkheads(size);
  const connections = new Set<Connection>();
  let idle: Connection[] = [];
  let isClosed = false;

  async function open(): Promise<Connection> {
    const connection = await connect();
    connections.add(connection);
    connection.socket.once('close', () => connections.delete(connection));
    if (isClosed) connection.socket.destroy();
    return connection;
  }

  /**
   * Destroys a socket that is silent for longer than a deadline, and all that are idle: the network may have lost them
   * too. One whose packets are dropped would hang forever (porsager/postgres#1089).
   */
  function destroyWhenSilent(socket: Socket): NodeJS.Timeout {
    let { bytesRead } = socket;
    return setInterval(() => {
      const failure = new DatabaseFailure('08006', 'the connection to the database was given up');
      if (socket.bytesRead === bytesRead) for (const lost of [{ socket }, ...idle]) lost.socket.destroy(failure);
      ({ bytesRead } = socket);
    }, timeoutMs);
  }

  async function attempt<T>(work: Work<T>, deadline: Deadline): Promise<T> {
    deadline.throwIfPassed();
    idle = idle.filter(({ socket }) => !socket.destroyed);
    const connection = idle.pop() ?? (await open());
    const { socket, orm } = connection;
    const timer = destroyWhenSilent(socket);
    try {
      // Connecting may have taken too long.
      deadline.throwIfPassed();
      return await whileOpen(socket, work(orm));
    } catch (error) {
      if (isOfConnection(error)) socket.destroy();
      throw error;
    } finally {
      clearInterval(timer);
      if (!socket.destroyed) idle.push(connection);
    }
  }

  return {
    timeoutMs,
    run: (work, bulkhead) =>
      withDeadline(timeoutMs, (deadline) =>
        // An attempt keeps its place until it has ended, even beyond the deadline: its connection is not free before.
        runWithRetries(() => runInBulkhead(bulkhead, () => attempt(work, deadline)), deadline),
      ),
    async close() {
      isClosed = true;
      await Promise.all(Array.from(connections, ({ client }) => client.end({ timeout: 1 })));
    },
  };
}
