import type { Database, Work } from '../database.ts';
import { withDeadline, type Deadline } from '../deadline.ts';
import { isOfConnection } from '../failures.ts';
import { runWithRetries } from '../retry.ts';
import { createBulkheads } from './bulkheads.ts';
import type { Connection } from './connection.ts';

/**
 * Runs each piece of work on a connection of its own: nothing waits in a connection behind a slow statement.
 * @param connect makes a connection
 * @param size how many connections there are at most
 * @param timeoutMs the deadline of work, in milliseconds
 */
export function createPool(connect: () => Connection, size: number, timeoutMs: number): Omit<Database, 'description'> {
  const runInBulkhead = createBulkheads(size);
  const busy = new Set<Connection>();
  let idle: Connection[] = [];

  /**
   * Destroys a connection that is silent for longer than a deadline, and all that are idle: the network may have lost
   * them too.
   */
  function destroyWhenSilent(connection: Connection): NodeJS.Timeout {
    let { received } = connection;
    return setInterval(() => {
      if (connection.received === received) for (const lost of [connection, ...idle]) lost.destroy();
      ({ received } = connection);
    }, timeoutMs);
  }

  async function attempt<T>(work: Work<T>, deadline: Deadline): Promise<T> {
    deadline.throwIfPassed();
    idle = idle.filter(({ state }) => state === 'ready');
    const connection = idle.pop() ?? connect();
    busy.add(connection);
    const timer = destroyWhenSilent(connection);
    try {
      return await connection.run((orm) => {
        // Connecting may have taken too long.
        deadline.throwIfPassed();
        return work(orm);
      });
    } catch (error) {
      if (isOfConnection(error)) connection.destroy();
      throw error;
    } finally {
      clearInterval(timer);
      busy.delete(connection);
      if (connection.state === 'ready') idle.push(connection);
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
      await Promise.all([...busy, ...idle].map((connection) => connection.close()));
    },
  };
}
