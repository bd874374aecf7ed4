import { sql } from 'drizzle-orm';
import type { Orm } from '../database.ts';
import { reasonOf } from '../failures.ts';
import { idempotencyKeys } from '../tables.ts';

/** What to do about a pooler. Ends a sentence. */
export const poolerAdvice = 'it is behind a transaction-mode pooler, such as PgBouncer. Set DATABASE_PREPARE=off';

const oneRow = sql`(values (1)) as one_row`;

/**
 * Explains that the database, or a pooler such as PgBouncer, refuses a setting of the session.
 * @param settings those of DATABASE_URL; others are the server's own, which DATABASE_PREPARE=off leaves out
 * @returns the fault and what to do about it, in words; undefined for other errors
 */
export function explainRefusal(error: unknown, settings: Record<string, string>): string | undefined {
  const reason = reasonOf(error);
  if (/unrecognized configuration parameter/.test(reason)) return `${reason}: leave it out of DATABASE_URL`;
  const [, name] = /unsupported .*startup parameter.*: (.+)/.exec(reason) ?? [];
  if (!name) return undefined;
  if (/^(statement_timeout|tcp_keepalives_.*)$/.test(name) && !(name in settings)) return `${reason}: ${poolerAdvice}`;
  return `${reason}: leave it out of DATABASE_URL. What it sets, set for the role: alter role … set …`;
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
  const readTime = () => orm.select({ now: sql<string>`now()::text` }).from(oneRow);
  const [[first], [second]] = [await readTime(), await readTime()];
  return first?.now === second?.now
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
  const limit = sql<string>`current_setting('statement_timeout')`;
  const role = sql<string>`quote_ident(current_user)`;
  const [row] = await orm.select({ limit, role }).from(oneRow);
  return row?.limit === '0' ? `alter role ${row.role} set statement_timeout = ${timeoutMs}` : undefined;
}
