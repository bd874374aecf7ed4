import { sql, type SQL } from 'drizzle-orm';
import type { Orm } from '../database.ts';
import { idempotencyKeys } from '../tables.ts';

/** What to do about a pooler. Ends a sentence. */
export const poolerAdvice = 'it is behind a transaction-mode pooler, such as PgBouncer. Set DATABASE_PREPARE=off';

/** Whether a connection failed because a pooler refuses the parameters of a session, as PgBouncer does. */
export function refusesParameters(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return /unsupported startup parameter/.test(error.message) || refusesParameters(error.cause);
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
  const first = await readValue(orm, sql`now()::text`);
  const second = await readValue(orm, sql`now()::text`);
  return first === second
    ? 'it is behind a pooler that leaves transactions open. Connect to PostgreSQL itself, or set Pgpool-II to streaming_replication'
    : undefined;
}

/**
 * Finds out whether statements run on after their deadline: behind a pooler, nothing but a setting of the role ends
 * them.
 * @param timeoutMs the deadline, in milliseconds
 * @returns the statement that gives the role this setting; undefined when it has it
 */
export async function findMissingTimeout(orm: Orm, timeoutMs: number): Promise<string | undefined> {
  if ((await readValue(orm, sql`current_setting('statement_timeout')`)) !== '0') return undefined;
  const role = await readValue(orm, sql`quote_ident(current_user)`);
  return `alter role ${role} set statement_timeout = ${timeoutMs}`;
}

async function readValue(orm: Orm, expression: SQL): Promise<string | undefined> {
  const [row] = await orm.select({ value: sql<string>`${expression}` }).from(sql`(select) as nothing`);
  return row?.value;
}
