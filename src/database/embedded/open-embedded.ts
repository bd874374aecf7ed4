import { existsSync } from 'node:fs';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { PGlite } from '@electric-sql/pglite';
import type { Logger as StatementLogger } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/pglite';
import { migrate } from 'drizzle-orm/pglite/migrator';
import { errorCode, messageOf, StartupError } from '../../errors.ts';
import type { Logger } from '../../observability/log.ts';
import type { Database, Work } from '../database.ts';
import { withDeadline } from '../deadline.ts';
import { ReadOnlyError } from '../failures.ts';
import { migrationsFolder } from '../migrations.ts';
import { runWithRetries } from '../retry.ts';
import { lockDataDirectory, preparePostgresFolder } from './data-directory.ts';
import { createSpaceCheck, requireSpace } from './disk-space.ts';
import { startWatchdog } from './watchdog.ts';

/** How long one statement may compute, in milliseconds: longer than any that this server sends. */
const computingLimit = 20_000;
/** The same for the last one, which must end within the time that is left for stopping. */
const closingLimit = 1500;

/**
 * Opens PostgreSQL inside this process, in `directory`, and brings its tables up to date.
 * @throws StartupError when another process has the directory, its files are damaged, or its disk is full
 */
export async function openEmbedded(
  directory: string,
  timeoutMs: number,
  log: Logger,
  logger: StatementLogger,
): Promise<Database> {
  requireMemory();
  const unlock = lockDataDirectory(directory);
  requireSpace(directory);
  const { folder, onFilled } = preparePostgresFolder(directory);
  if (!holdsDatabase(folder)) log.info(`preparing the embedded database in ${folder}: this takes some seconds, once`);
  const { client, run } = await openFolder(folder, timeoutMs, logger);
  onFilled();
  // The first start needs space too.
  requireSpace(directory);
  const setReadOnly = (isReadOnly: boolean) => client.exec(`set default_transaction_read_only = ${isReadOnly}`);
  const checkSpace = createSpaceCheck(directory, setReadOnly, log);
  const watchdog = startWatchdog(computingLimit);
  return {
    description: `embedded PostgreSQL in ${path.resolve(directory)}`,
    timeoutMs,
    async run(work) {
      await checkSpace();
      return run(work).catch((error: unknown) => {
        throw errorCode(error) === '25006'
          ? new ReadOnlyError(error, 'the disk of the database is nearly full')
          : error;
      });
    },
    async close() {
      watchdog.setLimit(closingLimit);
      await client.close();
      await watchdog.stop();
      unlock();
    },
  };
}

/** How much memory a server with an embedded database takes, in bytes. */
const memoryNeed = 600_000_000;

/** @throws StartupError where a limit of the system, as of a container, would have the process killed */
function requireMemory(): void {
  const limit = process.constrainedMemory();
  if (limit === 0 || limit >= memoryNeed) return;
  const [limitMb, needMb] = [limit, memoryNeed].map((bytes) => Math.floor(bytes / 1_000_000));
  const problem = `The embedded database needs ${needMb} MB of memory, and this process may have ${limitMb} MB`;
  throw new StartupError(`${problem}. Raise the limit, or set DATABASE_URL: without it, 300 MB are enough.`);
}

/** Opens the files of PostgreSQL, and brings their tables up to date. @throws StartupError when they are damaged */
export async function openFolder(folder: string, timeoutMs: number, logger: StatementLogger) {
  const client = await openFiles(folder).catch((cause: unknown) => {
    throw new StartupError(
      `Cannot open the embedded database in ${folder}: ${messageOf(cause)}.
If ulimit -v is less than 10 GB, WebAssembly lacks memory: raise it. Else the files are damaged: bring them back from a
backup, or move the folder away to start anew.`,
      { cause },
    );
  });
  const orm = drizzle(client, { logger });
  await migrate(orm, { migrationsFolder });
  const run = <T>(work: Work<T>) => withDeadline(timeoutMs, (deadline) => runWithRetries(() => work(orm), deadline));
  return { client, run };
}

const holdsDatabase = (folder: string) => existsSync(path.join(folder, 'PG_VERSION'));

/** Unpacking a new database takes a third of the time and of the memory that making it would. */
async function openFiles(folder: string): Promise<PGlite> {
  // V8 would optimize PostgreSQL's largest function, which takes 600 MB, and more time than it saves.
  for (const flag of ['--no-wasm-tier-up', '--no-wasm-dynamic-tiering']) setFlagsFromString(flag);
  if (holdsDatabase(folder)) return PGlite.create(folder);
  const { dataDir } = await import('@electric-sql/pglite-prepopulatedfs');
  return PGlite.create(folder, { loadDataDir: await dataDir() });
}
