import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PGlite } from '@electric-sql/pglite';
import type { Logger as StatementLogger } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/pglite';
import { migrate } from 'drizzle-orm/pglite/migrator';
import { makeDataDirectory } from '../config.ts';
import { StartupError } from '../errors.ts';
import { createRunner, type Database } from './database.ts';
import { migrationsFolder } from './migrations.ts';

/**
 * Opens PostgreSQL inside this process, in `directory` or else in memory, and brings its tables up to date.
 * @throws StartupError when another process has the directory
 */
export async function openEmbedded(
  directory: string | undefined,
  timeoutMs: number,
  logger: StatementLogger,
): Promise<Database> {
  const unlock = directory ? lock(directory) : () => {};
  const folder = directory ? path.join(directory, 'postgres') : 'memory://';
  const client = await PGlite.create(folder).catch((cause: unknown) => {
    throw new StartupError(`The embedded database in ${folder} cannot be opened. Move the folder away to begin anew.`, {
      cause,
    });
  });
  const orm = drizzle(client, { logger });
  await migrate(orm, { migrationsFolder });
  return {
    description: `embedded PostgreSQL in ${directory ?? 'memory'}`,
    run: createRunner(() => orm, timeoutMs),
    close: () => client.close().then(unlock),
  };
}

/** SQLite serves for its file lock alone: the kernel drops it however the process ends, so that none is left behind. */
function lock(directory: string): () => void {
  makeDataDirectory(directory);
  const file = new DatabaseSync(path.join(directory, 'lock'));
  try {
    file.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    const advice =
      'Stop it, or set DATA_DIR to another folder, or DATABASE_URL to a PostgreSQL that servers can share.';
    throw new StartupError(`Another server uses the folder ${directory}. ${advice}`, { cause });
  }
  return () => file.close();
}
