import { AsyncLocalStorage } from 'node:async_hooks';
import type { Logger as StatementLogger } from 'drizzle-orm';
import type { Database, Orm, Work } from '../database/database.ts';
import type { Logger } from './log.ts';
import { databaseDuration, databaseWait, databaseWork } from './metrics.ts';
import { noteStatement, traceDatabase } from './traces.ts';

/** How long work may take before it is warned of, in milliseconds. */
const slowMs = 1000;
/** How many characters of a statement tell which one it is. */
const shownLength = 1000;

/** The statement that the current work sent last. */
const running = new AsyncLocalStorage<{ statement?: string }>();

/** Notes each statement, without its parameters. */
export function createStatementLog(log: Logger): StatementLogger {
  return {
    logQuery(statement) {
      const work = running.getStore();
      if (work) work.statement = statement;
      log.trace({ statement }, 'statement');
      noteStatement(statement);
    },
  };
}

/** Measures and traces how long work waits for a connection, and how long it takes then. Warns of slow work. */
export function observe(database: Database, log: Logger): Database {
  async function measure<T>(work: Work<T>, orm: Orm): Promise<T> {
    const current: { statement?: string } = {};
    const start = performance.now();
    databaseWork.inc();
    try {
      return await running.run(current, () => traceDatabase(() => work(orm)));
    } finally {
      databaseWork.dec();
      const seconds = secondsSince(start);
      databaseDuration.observe(seconds);
      const durationMs = Math.round(1000 * seconds);
      const statement = current.statement?.slice(0, shownLength);
      if (durationMs >= slowMs) log.warn({ durationMs, statement }, 'slow statement');
    }
  }

  return {
    ...database,
    async run(work, bulkhead) {
      // Undefined while it runs. If it runs again, it waits again.
      let waitsSince: number | undefined = performance.now();
      const endWait = () => {
        if (waitsSince !== undefined) databaseWait.observe(secondsSince(waitsSince));
        waitsSince = undefined;
      };
      try {
        return await database.run((orm) => {
          endWait();
          return measure(work, orm).finally(() => (waitsSince = performance.now()));
        }, bulkhead);
      } catch (error) {
        endWait();
        throw error;
      }
    },
  };
}

/** @param start in milliseconds, of `performance.now()` */
function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}
