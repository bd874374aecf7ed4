import { setTimeout as sleep } from 'node:timers/promises';
import { and, lt, sql } from 'drizzle-orm';
import type { UserDatabase } from '../database/database.ts';
import { waitsBriefly, whenHeld } from '../database/held-rows.ts';
import { idempotencyKeys } from '../database/tables.ts';
import type { Logger } from '../observability/log.ts';

/** How many keys a step looks at: it takes milliseconds. */
const stepSize = 500;
/** How long to rest after a step, as a multiple of the time that it took, and in milliseconds at least. */
const restFactor = 10;
const shortestRestMs = 100;
/** How long to wait after all keys were looked at, or after a failure, in milliseconds. */
const pauseMs = 3_600_000;

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
  let after: Position | undefined;
  let count = 0;
  let restMs = 0;
  while (!stopping.aborted) {
    try {
      await sleep(restMs, undefined, { signal: stopping, ref: false });
      const start = performance.now();
      const { deleted, end } = await deleteNext(database, days, after);
      after = end;
      count += deleted;
      restMs = end ? Math.max(shortestRestMs, restFactor * (performance.now() - start)) : pauseMs;
      if (end || count === 0) continue;
      log.info({ count, days }, 'old idempotency keys deleted');
      count = 0;
    } catch (error) {
      if (!stopping.aborted) log.warn({ err: error }, 'old idempotency keys were not deleted');
      restMs = pauseMs;
    }
  }
}

/** A place in the order of all keys. */
type Position = Pick<typeof idempotencyKeys.$inferSelect, 'createdBy' | 'key'>;

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
    const isOld = lt(dateCreated, sql`now() - ${days} * interval '1 day'`);
    const isDue = and(isAfter, isBefore, isOld, waitsBriefly);
    // Keys that another transaction holds are left for the next time, and those beside them.
    const deleted = await orm.delete(idempotencyKeys).where(isDue).returning({ key }).catch(whenHeld([]));
    return { deleted: deleted.length, end };
  });
}
