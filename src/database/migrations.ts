import { errorCode } from '../errors.ts';
import path from 'node:path';
import { max, sql } from 'drizzle-orm';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { bigint, pgSchema } from 'drizzle-orm/pg-core';
import type { Orm } from './database.ts';
import { DatabaseFailure } from './failures.ts';

export const migrationsFolder = path.join(import.meta.dirname, 'migrations');

/** Where Drizzle's migrator records what it has applied. */
const applied = pgSchema('drizzle').table('__drizzle_migrations', {
  createdAt: bigint('created_at', { mode: 'number' }),
});

let newest: number | undefined;

/**
 * Tells whether the database has every migration of this version. A newer database has.
 * @throws 25006 for a database that is read-only, such as a standby
 */
export async function isMigrated(orm: Orm): Promise<boolean> {
  // Read the files once: they do not change under a running process.
  newest ??= readMigrationFiles({ migrationsFolder }).at(-1)?.folderMillis ?? 0;
  try {
    const readOnly = sql<string>`current_setting('transaction_read_only')`;
    const [row] = await orm.select({ newest: max(applied.createdAt), readOnly }).from(applied);
    if (row?.readOnly === 'on') throw new DatabaseFailure('25006', 'the database is read-only');
    return (row?.newest ?? 0) >= newest;
  } catch (error) {
    if (errorCode(error) === '42P01') return false;
    throw error;
  }
}
