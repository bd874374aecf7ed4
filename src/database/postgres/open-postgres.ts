import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import type { Logger as StatementLogger } from 'drizzle-orm';
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import type { Config } from '../../config.ts';
import { ServiceUnavailableError, StartupError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { createConnection, type Connection } from './connection.ts';
import { findFault } from '../database-check.ts';
import type { Database } from '../database.ts';
import { parseDatabaseUrl } from './database-url.ts';
import { errorCode } from '../failures.ts';
import { migrationsFolder } from '../migrations.ts';
import { createPool } from './pool.ts';
import { findOpenTransaction, losesPreparedStatements, poolerAdvice, refusesParameters } from './pooler.ts';
import { watchStatements } from './slow-statements.ts';
import { createThrottle } from './throttle.ts';

const patienceMs = 30_000;

/**
 * Opens a pool on the PostgreSQL at `url`; waits 30 seconds for one that is still starting.
 * @throws StartupError when it cannot be used, and what to do about it
 */
export async function openPostgres(
  url: string,
  config: Config,
  log: Logger,
  logger: StatementLogger,
): Promise<Database> {
  const { DATABASE_POOL_SIZE: size, DATABASE_PREPARE: prepare, DATABASE_TIMEOUT_MS: timeoutMs } = config;
  let isPooled = false;
  const options = {
    url: parseDatabaseUrl(url),
    prepare,
    parameters: prepare ? sessionParameters(timeoutMs) : {},
    throttle: createThrottle(2 * size),
    onPooler: () => (isPooled = true),
  };
  const connect = () => createConnection({ ...options, statements: watchStatements(logger, log) });
  const pool = createPool(connect, size, timeoutMs);
  const database = { description: options.url.description, ...pool };
  try {
    const fault = await whenReachable(database, log);
    if (fault) throw unusable(database.description, fault);
    if (!prepare || !isPooled) return database;
    // The probe takes two connections: close the pool first, so as not to exceed its size.
    await pool.close();
    if (await isSessionLost(connect)) throw unusable(database.description, poolerAdvice);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function isSessionLost(connect: () => Connection): Promise<boolean> {
  const connections = [connect(), connect()] as const;
  try {
    const [first, second] = await Promise.all([connections[0].open(), connections[1].open()]);
    return await losesPreparedStatements(first.$client, second.$client);
  } finally {
    await Promise.all(connections.map((connection) => connection.close()));
  }
}

/** What PostgreSQL itself is to do about abandoned statements and connections. Poolers refuse these parameters. */
function sessionParameters(timeoutMs: number) {
  const keepAlive = { tcp_keepalives_idle: 30, tcp_keepalives_interval: 10, tcp_keepalives_count: 3 };
  return { statement_timeout: Math.floor(0.9 * timeoutMs), ...keepAlive };
}

/** Asks what keeps the database from being used, until it answers or 30 seconds have passed. */
async function whenReachable(database: Database, log: Logger): Promise<string | undefined> {
  const giveUp = Date.now() + patienceMs;
  for (let pause = 250; ; pause = Math.min(2 * pause, 4000)) {
    try {
      return (await database.run(findFault)) ?? (await database.run(findOpenTransaction));
    } catch (error) {
      if (refusesParameters(error)) return poolerAdvice;
      if (!(error instanceof ServiceUnavailableError) || Date.now() + pause > giveUp)
        throw unusable(database.description, reason(error), error);
      log.warn(`waiting for the database at ${database.description}: ${reason(error)}`);
    }
    await sleep(pause);
  }
}

/**
 * Applies the migrations that the database at `url` lacks. Of several processes at once, one migrates and the others wait.
 * @param report prints a line that says what the migration waits for
 * @returns the database as people see it: no password
 * @throws StartupError, also when others have held the tables for 30 seconds
 */
export async function migratePostgres(url: string, report: (line: string) => void = () => {}): Promise<string> {
  const options = { url: parseDatabaseUrl(url), prepare: false, parameters: {}, throttle: async () => true };
  const { description } = options.url;
  const connection = createConnection({
    ...options,
    statements: { logQuery: () => {}, end: () => {} },
    onPooler: () => {},
  });
  const giveUp = Date.now() + patienceMs;
  let reported = '';
  try {
    for (;;) {
      const orm = await connection.open();
      const holder = await tryToMigrate(orm);
      if (!holder) return description;
      if (Date.now() > giveUp) {
        throw unusable(description, `${holder} for more than 30 seconds. End it or wait for it, then run this again`);
      }
      if (holder !== reported) report(`Waiting, since ${holder}.`);
      reported = holder;
      await sleep(1000);
    }
  } catch (error) {
    throw error instanceof StartupError ? error : unusable(description, reason(error), error);
  } finally {
    await connection.close();
  }
}

/** Migrates, unless another process is in the way. Returns that process, in words. */
async function tryToMigrate(orm: PostgresJsDatabase): Promise<string | undefined> {
  try {
    // Behind a pooler, nothing may outlive the transaction. Drizzle's migrator joins it, and commits.
    await orm.execute(sql`begin`);
    // A statement that waits for a lock blocks all later ones: those of the running servers.
    await orm.execute(sql`set local lock_timeout = '300ms'`);
    // Drizzle's migrator takes no lock of its own (drizzle-team/drizzle-orm#874).
    await orm.execute(sql`select pg_advisory_xact_lock(hashtext('ai-sessions migrations'))`);
    await migrate(orm, { migrationsFolder });
    return undefined;
  } catch (error) {
    if (errorCode(error) !== '55P03') throw error;
    await orm.execute(sql`rollback`);
    const [holder] = await orm.execute<{ pid: number; role: string | null }>(sql`
      select pid, usename as role from pg_locks join pg_stat_activity using (pid)
      where granted and pid <> pg_backend_pid() and datname = current_database() and (locktype = 'advisory' or
        relation in (to_regclass('accounts'), to_regclass('ai_sessions'), to_regclass('idempotency_keys')))
      order by locktype <> 'advisory', xact_start limit 1`);
    if (!holder) return 'other transactions have held the tables';
    return `process ${holder.pid} of PostgreSQL, of the role ${holder.role}, has held the tables`;
  }
}

function unusable(description: string, fault: string, cause?: unknown): StartupError {
  return new StartupError(`Cannot use the database at ${description}: ${fault}.`, { cause });
}

/** What the database or the system said. Leaves out Drizzle's wrapping, which holds the statement and its parameters. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause ? reason(error.cause) : error.message || String('code' in error ? error.code : error);
}
