import { vi } from 'vitest';
import type { Database } from '../../src/database/database.ts';
import { patience } from './patience.ts';

/** Makes a database fall silent: its work waits, and nothing is answered. */
export function createSilence() {
  let silence: PromiseWithResolvers<void> | undefined;
  let waiting = 0;
  return {
    wrap: (database: Database): Database => ({
      ...database,
      async run(work, bulkhead) {
        waiting += 1;
        await silence?.promise;
        waiting -= 1;
        return database.run(work, bulkhead);
      },
    }),
    /** Waits until so many requests wait for the database. */
    untilWaiting: (count: number) => vi.waitUntil(() => waiting === count, patience),
    countWaiting: () => waiting,
    begin: () => void (silence = Promise.withResolvers()),
    end() {
      silence?.resolve();
      silence = undefined;
      return vi.waitUntil(() => waiting === 0, patience);
    },
  };
}
