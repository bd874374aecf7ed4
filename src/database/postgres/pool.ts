import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from './connection.ts';
import type { Database } from '../database.ts';
import { createFairQueue } from './fair-queue.ts';
import { runWithRetries, withDeadline } from '../retry.ts';

/** How often a statement is cancelled, and how long it may take to end each time, in milliseconds. */
const cancellations = { times: 4, pauseMs: 500 };

/** Runs each piece of work on a connection of its own: nothing waits in a connection behind a slow statement. */
export function createPool(connect: () => Connection, size: number, timeoutMs: number) {
  const queue = createFairQueue(size);
  const connections = new Set<Connection>();
  const idle: Connection[] = [];
  // PostgreSQL takes a request to cancel over a connection of its own: one at a time.
  let cancelling: Promise<unknown> = Promise.resolve();
  let networkLostAt = 0;

  function take(): Connection {
    const connection = idle.pop() ?? connect();
    connections.add(connection);
    return connection;
  }

  async function cancel(connection: Connection, isDone: () => boolean): Promise<boolean> {
    const since = performance.now();
    const cancelled = cancelling.then(() => isDone() || (networkLostAt < since && connection.cancel()));
    cancelling = cancelled;
    if (await cancelled) return true;
    networkLostAt = performance.now();
    return false;
  }

  /**
   * Ends work that missed its deadline. Only where PostgreSQL does not end it, its connection is destroyed.
   * @returns the connection, if it still works
   */
  async function end(connection: Connection, done: Promise<unknown>): Promise<Connection | undefined> {
    // The network may have lost these too.
    for (const other of idle) other.doubt();
    let isSettled = false;
    const isDone = () => isSettled;
    const settled = done.then(() => (isSettled = true));
    for (let time = 1; time <= cancellations.times && !isDone(); time += 1) {
      if (!(await cancel(connection, isDone))) break;
      await Promise.race([settled, sleep(cancellations.pauseMs)]);
    }
    if (isDone()) return connection;
    connection.destroy();
    connections.delete(connection);
    return undefined;
  }

  const run: Database['run'] = (work, user) => {
    // A lone connection is shared: work of users gets half the time, so that what comes behind it is in time too.
    const ms = size === 1 && user !== undefined ? timeoutMs / 2 : timeoutMs;
    const { promise: hasPlace, resolve: start } = Promise.withResolvers<void>();
    let connection: Connection | undefined;
    let isOver = false;
    let done: Promise<unknown> = hasPlace;

    async function runInPlace() {
      await hasPlace;
      const taken = take();
      connection = taken;
      const attempts = { connect: () => taken.open(), onLost: () => taken.destroy(), isOver: () => isOver };
      const result = runWithRetries(work, attempts);
      done = result.catch(() => {});
      void done.finally(() => {
        taken.rest();
        if (!isOver) giveBack(taken);
      });
      return result;
    }

    function giveBack(taken: Connection | undefined): void {
      if (taken) idle.push(taken);
      queue.release(user);
    }

    queue.enter(start, user);
    return withDeadline(runInPlace(), ms, () => {
      isOver = true;
      // Not before the request to cancel is done, which would hit the next statement.
      if (connection) void end(connection, done).then(giveBack);
      else queue.leave(start, user);
    });
  };

  return {
    run,
    async close(): Promise<void> {
      await Promise.all([...connections].map((connection) => connection.close()));
    },
  };
}
