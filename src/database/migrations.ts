import path from 'node:path';
import { max, sql } from 'drizzle-orm';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { bigint, pgSchema } from 'drizzle-orm/pg-core';
import { errorCode, type Orm } from './database.ts';

export const migrationsFolder = path.join(import.meta.dirname, 'migrations');

/** Where Drizzle's migrator notes what it has applied. */
const applied = pgSchema('drizzle').table('__drizzle_migrations', {
  createdAt: bigint('created_at', { mode: 'number' }),
});

let newest: number | undefined;

/**
 * Tells whether the database has every migration of this version; one that is ahead has.
 * @throws 25006 for one that takes no writes, such as a standby
 */
export async function isMigrated(orm: Orm): Promise<boolean> {
  // Each readiness check asks, and the files do not change under a running process.
  newest ??= readMigrationFiles({ migrationsFolder }).at(-1)?.folderMillis ?? 0;
  try {
    const readOnly = sql<string>`current_setting('transaction_read_only')`;
    const [row] = await orm.select({ newest: max(applied.createdAt), readOnly }).from(applied);
    if (row?.readOnly === 'on') throw Object.assign(new Error('the database is read-only'), { code: '25006' });
    return (row?.newest ?? 0) >= newest;
  } catch (error) {
    if (errorCode(error) === '42P01') return false;
    throw error;
  }
}
