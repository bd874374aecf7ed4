import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger as StatementLogger } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import type { Config } from '../config.ts';
import { ServiceUnavailableError, StartupError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Database, Orm } from './database.ts';
import { isMigrated, migrationsFolder } from './migrations.ts';
import { createRunner } from './retry.ts';
import { createThrottledSocket } from './throttled-socket.ts';

const patienceMs = 30_000;

/**
 * Opens a pool on the PostgreSQL at `url`; waits 30 seconds for one that is still starting.
 * @throws StartupError when it cannot be used, or its tables are older than this version
 */
export async function openPostgres(
  url: string,
  config: Config,
  log: Logger,
  logger: StatementLogger,
): Promise<Database> {
  const timeoutMs = config.DATABASE_TIMEOUT_MS;
  const settings = {
    max: config.DATABASE_POOL_SIZE,
    prepare: config.DATABASE_PREPARE,
    connect_timeout: Math.ceil(timeoutMs / 1000),
    socket: createThrottledSocket(2 * config.DATABASE_POOL_SIZE),
    backoff: () => 0,
    // Skip the driver's type query: its errors are unhandled, and we use no arrays.
    fetch_types: false,
    ...(/^[^?]*,/.test(url) && { target_session_attrs: 'primary' as const }),
    connection: {
      application_name: 'ai-sessions',
      // Cancel abandoned statements on the server; poolers reject this parameter.
      ...(config.DATABASE_PREPARE && { statement_timeout: Math.floor(0.9 * timeoutMs) }),
    },
    onnotice: () => {},
  };
  let pool = postgres(url, settings);
  let orm = drizzle(pool, { logger });
  const replacePool = (lost: Orm) => {
    if (lost !== orm) return;
    // A socket whose packets are dropped hangs forever, and its place in the pool with it (porsager/postgres#1089).
    log.warn('replacing the connections to the database');
    void pool.end({ timeout: timeoutMs / 1000 });
    pool = postgres(url, settings);
    orm = drizzle(pool, { logger });
  };
  const run = createRunner(() => orm, timeoutMs, replacePool);
  const database = { description: describe(url), run, close: () => pool.end({ timeout: 1 }) };
  try {
    if (await whenReachable(database, log)) return database;
    throw new StartupError(
      `The database at ${database.description} lacks tables of this version. Run: npm run migrate`,
    );
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Asks whether the database is migrated, until it answers or 30 seconds have passed. */
async function whenReachable(database: Database, log: Logger): Promise<boolean> {
  const giveUp = Date.now() + patienceMs;
  for (let pause = 250; ; pause = Math.min(2 * pause, 4000)) {
    try {
      return await database.run(isMigrated);
    } catch (error) {
      if (!(error instanceof ServiceUnavailableError) || Date.now() + pause > giveUp)
        throw unusable(database.description, error);
      log.warn(`waiting for the database at ${database.description}: ${reason(error)}`);
    }
    await sleep(pause);
  }
}

/**
 * Applies the migrations that the database at `url` lacks. Of several processes at once, one migrates and the others wait.
 * @returns the database as people see it: no password
 * @throws StartupError
 */
export async function migratePostgres(url: string): Promise<string> {
  const client = postgres(url, { max: 1, onnotice: () => {}, connect_timeout: 10 });
  try {
    // Drizzle's migrator takes no lock of its own (drizzle-team/drizzle-orm#874).
    await client`select pg_advisory_lock(hashtext('ai-sessions migrations'))`;
    await migrate(drizzle(client), { migrationsFolder });
    return describe(url);
  } catch (error) {
    throw unusable(describe(url), error);
  } finally {
    await client.end({ timeout: 5 });
  }
}

function unusable(description: string, cause: unknown): StartupError {
  return new StartupError(`Cannot use the database at ${description}: ${reason(cause)}`, { cause });
}

/** What the database or the system said. Leaves out Drizzle's wrapping, which holds the statement and its parameters. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause ? reason(error.cause) : error.message || String('code' in error ? error.code : error);
}

/** Hosts, ports and database of a URL: no user, no password, no options. */
function describe(url: string): string {
  return url.replace(/^\w+:\/\/(?:.*@)?([^?]*).*$/, '$1');
}
