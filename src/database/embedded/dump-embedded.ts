import { existsSync } from 'node:fs';
import path from 'node:path';
import { pgDump } from '@electric-sql/pglite-tools/pg_dump';
import { StartupError } from '../../errors.ts';
import { lockDataDirectory, preparePostgresFolder } from './data-directory.ts';
import { requireSpace } from './disk-space.ts';
import { openFolder } from './open-embedded.ts';

/**
 * Writes the embedded database in `directory`, brought up to date, as SQL that psql restores.
 * @throws StartupError when there is none, or a server uses it
 */
export async function dumpEmbedded(directory: string): Promise<Blob> {
  if (!existsSync(path.join(directory, 'postgres'))) {
    throw new StartupError(`There is no embedded database in ${directory}. Set DATA_DIR to the folder that has one.`);
  }
  const unlock = lockDataDirectory(directory);
  requireSpace(directory);
  const { folder } = preparePostgresFolder(directory);
  const { client } = await openFolder(folder, 0, { logQuery: () => {} });
  const args = ['--no-owner', '--no-privileges', '--rows-per-insert=1000'];
  const dump = await pgDump({ pg: client, args });
  await client.close();
  unlock();
  // PostgreSQL before version 17 does not know this setting, which is among the first lines.
  const start = await dump.slice(0, 1000).text();
  return new Blob([start.replace('SET transaction_timeout = 0;\n', ''), dump.slice(1000)]);
}
