import { setTimeout as sleep } from 'node:timers/promises';
import type postgres from 'postgres';

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
  // Another transaction takes the connection that knows the statement.
  const other = second.unsafe('select pg_sleep(0.3)').execute();
  await sleep(100);
  const after = await prepare();
  await other;
  return before !== after;
}
