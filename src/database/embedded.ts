import path from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import type { Logger as StatementLogger } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/pglite';
import { migrate } from 'drizzle-orm/pglite/migrator';
import { StartupError } from '../errors.ts';
import { lockDataDirectory } from './data-directory.ts';
import type { Database } from './database.ts';
import { migrationsFolder } from './migrations.ts';
import { createRunner } from './retry.ts';

/**
 * Opens PostgreSQL inside this process, in `directory` or else in memory, and brings its tables up to date.
 * @throws StartupError when another process has the directory, or its files are damaged
 */
export async function openEmbedded(
  directory: string | undefined,
  timeoutMs: number,
  logger: StatementLogger,
): Promise<Database> {
  const unlock = directory ? lockDataDirectory(directory) : () => {};
  const folder = directory ? path.join(directory, 'postgres') : 'memory://';
  const client = await PGlite.create(folder).catch((cause: unknown) => {
    throw new StartupError(`Cannot open the embedded database in ${folder}. Move the folder away to start anew.`, {
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
