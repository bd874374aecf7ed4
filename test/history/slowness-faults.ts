import { setTimeout as sleep } from 'node:timers/promises';
import { retry } from './cluster.ts';
import type { Fault } from './fault.ts';

/** Faults that make statements slow, often slower than their deadline. */
export const slownessFaults: Fault[] = [
  {
    name: 'slow queries: a table is locked',
    layer: 'database',
    weight: 3,
    plan({ cluster }, random) {
      const table = random.pick(['ai_sessions', 'idempotency_keys', 'accounts']);
      // The first lets others read.
      const mode = random.pick(['exclusive', 'access exclusive']);
      const milliseconds = random.between(300, 2000);
      return {
        detail: `${table}, ${mode}, for ${Math.round(milliseconds)} ms`,
        async run() {
          const session = cluster.primary().connect();
          try {
            await session.begin(async (transaction) => {
              await transaction.unsafe(`set local lock_timeout = '10s'`);
              await transaction.unsafe(`lock table ${table} in ${mode} mode`);
              await sleep(milliseconds);
            });
          } finally {
            await session.end({ timeout: 1 });
          }
        },
      };
    },
  },
  {
    name: 'slow queries: each write sleeps',
    layer: 'database',
    weight: 3,
    plan({ cluster }, random) {
      const milliseconds = random.between(300, 2000);
      return {
        detail: `for ${Math.round(milliseconds)} ms`,
        async run() {
          const primary = cluster.primary();
          await primary.query(`
            create or replace function sleep_before_write() returns trigger language plpgsql as $$ begin
              perform pg_sleep(0.3 * random() * random());
              return new;
            end $$;
            create or replace trigger slow before insert or update on ai_sessions
              for each row execute function sleep_before_write()`);
          await sleep(milliseconds);
          await retry(() => primary.query('drop trigger slow on ai_sessions'));
        },
      };
    },
  },
];
