import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import type postgres from 'postgres';
import type { Orm } from '../database.ts';
import { idempotencyKeys } from '../tables.ts';

/** What to do about a pooler. Ends a sentence. */
export const poolerAdvice = 'it is behind a pooler that keeps no session, such as PgBouncer. Set DATABASE_PREPARE=off';

/** Whether a connection failed since a pooler refuses the parameters of a session, as PgBouncer does. */
export function refusesParameters(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return /unsupported startup parameter/.test(error.message) || refusesParameters(error.cause);
}

/**
 * Whether prepared statements get lost: a pooler runs each transaction on any of its connections to PostgreSQL. The driver
 * then prepares again under another name, so statements would pile up on PostgreSQL. Newer poolers track them.
 * @param first and `second` are connections through the pooler
 */
export async function losesPreparedStatements(first: postgres.Sql, second: postgres.Sql): Promise<boolean> {
  const prepare = async () => (await first.unsafe('select $1::int', [1], { prepare: true })).statement.name;
  const before = await prepare();
  // Another transaction holds the connection that knows the statement. The pooler may take seconds to open one more, or may
  // have no other.
  const { after } = await second.begin(async () => {
    const preparing = prepare();
    await Promise.race([preparing, sleep(10_000, undefined, { ref: false })]);
    return { after: preparing };
  });
  return before !== (await after);
}

/**
 * Finds out whether a pooler leaves a transaction open behind a write, as Pgpool-II does in the mode raw. All that the
 * connection wrote from then on would be lost with it.
 * @returns the fault and what to do about it, in words; undefined when there is none
 */
export async function findOpenTransaction(orm: Orm): Promise<string | undefined> {
  // Pgpool-II looks only at statements that have parameters.
  await orm.delete(idempotencyKeys).where(sql`${false}`);
  // The time stands still in a transaction.
  const times = [await readTime(orm), await readTime(orm)];
  return times[0] === times[1]
    ? 'it is behind a pooler that leaves transactions open. Connect to PostgreSQL itself, or set Pgpool-II to streaming_replication'
    : undefined;
}

async function readTime(orm: Orm): Promise<string | undefined> {
  const [row] = await orm.select({ time: sql<string>`now()::text` }).from(sql`(select) as nothing`);
  return row?.time;
}
