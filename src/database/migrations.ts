import path from 'node:path';
import { max, sql } from 'drizzle-orm';
import { bigint, pgSchema } from 'drizzle-orm/pg-core';
import type { Orm } from './database.ts';
import { DatabaseFailure } from './failures.ts';
import journal from './migrations/meta/_journal.json' with { type: 'json' };

export const migrationsFolder = path.join(import.meta.dirname, 'migrations');

/** Where Drizzle's migrator records what it has applied. */
const applied = pgSchema('drizzle').table('__drizzle_migrations', {
  createdAt: bigint('created_at', { mode: 'number' }),
});

/**
 * Finds the migrations of this version that the database lacks. A newer database lacks none.
 * @returns their names
 * @throws 25006 for a database that is read-only, such as a standby
 */
export async function findMissingMigrations(orm: Orm): Promise<string[]> {
  const isNew = sql<boolean>`to_regclass('drizzle.__drizzle_migrations') is null`;
  const readOnly = sql<string>`current_setting('transaction_read_only')`;
  const [state] = await orm.select({ isNew, readOnly }).from(sql`(values (1)) as one_row`);
  if (state?.readOnly === 'on') throw new DatabaseFailure('25006', 'the database is read-only');
  const [last] = state?.isNew ? [] : await orm.select({ time: max(applied.createdAt) }).from(applied);
  return journal.entries.filter(({ when }) => when > (last?.time ?? 0)).map(({ tag }) => tag);
}
