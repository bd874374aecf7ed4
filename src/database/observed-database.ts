import { databaseDuration, databaseWait, databaseWork } from '../metrics.ts';
import { traceDatabase } from '../tracing.ts';
import type { Database } from './database.ts';

/** Measures and traces how long work waits for a connection, and how long it takes then. */
export function observe(database: Database): Database {
  return {
    ...database,
    async run(work, user) {
      // Undefined while it runs. If it runs again, it waits again.
      let waitsSince: number | undefined = performance.now();
      const endWait = () => {
        if (waitsSince !== undefined) databaseWait.observe((performance.now() - waitsSince) / 1000);
        waitsSince = undefined;
      };
      try {
        return await database.run(async (orm) => {
          endWait();
          databaseWork.inc();
          const end = databaseDuration.startTimer();
          try {
            return await traceDatabase(() => work(orm));
          } finally {
            end();
            databaseWork.dec();
            waitsSince = performance.now();
          }
        }, user);
      } catch (error) {
        endWait();
        throw error;
      }
    },
  };
}
