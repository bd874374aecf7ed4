import { setTimeout as sleep } from 'node:timers/promises';
import { and, lt, sql } from 'drizzle-orm';
import type { UserDatabase } from '../database/database.ts';
import { idempotencyKeys } from '../database/tables.ts';
import type { Logger } from '../observability/log.ts';

/** How many keys a step looks at: it takes milliseconds. */
const stepSize = 500;
/** How long to rest after a step: ten times as long as it took, and this many milliseconds at least. */
const shortestRestMs = 100;
/** How long to wait after all keys were looked at, in milliseconds. */
const pauseMs = 3_600_000;

interface Position {
  createdBy: string;
  key: string;
}

const { createdBy, key, dateCreated } = idempotencyKeys;

/**
 * Deletes idempotency keys that are older than `days`, until `stopping` is aborted. It goes through all keys in the
 * order of their primary key, so it needs no index of their dates, which each creation would have to write. Any number
 * of servers may do so at once.
 */
export async function deleteOldKeys(
  database: UserDatabase,
  days: number,
  log: Logger,
  stopping: AbortSignal,
): Promise<void> {
  const rest = (milliseconds: number) => sleep(milliseconds, undefined, { signal: stopping, ref: false });

  async function goThroughAll(): Promise<number> {
    let count = 0;
    for (let after: Position | undefined; ;) {
      const start = performance.now();
      const { deleted, end } = await deleteNext(database, days, after);
      count += deleted;
      if (!end) return count;
      after = end;
      await rest(Math.max(shortestRestMs, 10 * (performance.now() - start)));
    }
  }

  while (!stopping.aborted) {
    try {
      const count = await goThroughAll();
      if (count > 0) log.info({ count, days }, 'old idempotency keys deleted');
      await rest(pauseMs);
    } catch (error) {
      if (stopping.aborted) return;
      log.warn({ err: error }, 'old idempotency keys were not deleted');
      await rest(pauseMs).catch(() => {});
    }
  }
}

/** Takes one step. @returns where it ended; undefined after the last key */
function deleteNext(database: UserDatabase, days: number, after: Position | undefined) {
  const isAfter = after && sql`(${createdBy}, ${key}) > (${after.createdBy}, ${after.key})`;
  return database.run(async (orm) => {
    const [end] = await orm
      .select({ createdBy, key })
      .from(idempotencyKeys)
      .where(isAfter)
      .orderBy(createdBy, key)
      .limit(1)
      .offset(stepSize - 1);
    const isBefore = end && sql`(${createdBy}, ${key}) <= (${end.createdBy}, ${end.key})`;
    const isOld = lt(dateCreated, sql`now() - make_interval(days => ${days})`);
    const deleted = await orm
      .delete(idempotencyKeys)
      .where(and(isAfter, isBefore, isOld))
      .returning({ key });
    return { deleted: deleted.length, end };
  });
}
