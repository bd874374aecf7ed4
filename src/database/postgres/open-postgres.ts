import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger as StatementLogger } from 'drizzle-orm';
import { ServiceUnavailableError, StartupError } from '../../errors.ts';
import type { Logger } from '../../observability/log.ts';
import { findFault } from '../database-check.ts';
import type { Database } from '../database.ts';
import { reasonOf } from '../failures.ts';
import { createConnector } from './connection.ts';
import { parseDatabaseUrl } from './database-url.ts';
import { createPool } from './pool.ts';
import { explainRefusal, findMissingTimeout, findOpenTransaction, poolerAdvice } from './pooler.ts';

interface PostgresOptions {
  /** How many connections there are at most. */
  poolSize: number;
  /** How long work may take, with its wait for a connection, in milliseconds. */
  timeoutMs: number;
  /** Whether PostgreSQL keeps prepared statements and settings for a connection. */
  prepare: boolean;
}

/** How long to wait for a database that is still starting, in milliseconds. */
const patienceMs = 30_000;

/** PostgreSQL ends a statement at this part of the deadline, so that its connection is free again. */
const statementPart = 0.9;

/**
 * Opens a pool on the PostgreSQL at `url`; waits 30 seconds for one that is still starting.
 * @throws StartupError when it cannot be used, and what to do about it
 */
export async function openPostgres(
  url: string,
  { poolSize, timeoutMs, prepare }: PostgresOptions,
  log: Logger,
  statementLog: StatementLogger,
): Promise<Database> {
  const parsed = parseDatabaseUrl(url);
  const statementTimeoutMs = Math.floor(statementPart * timeoutMs);
  // What PostgreSQL itself is to do about abandoned statements and connections. Poolers refuse these parameters.
  const limits = {
    statement_timeout: statementTimeoutMs,
    tcp_keepalives_idle: 30,
    tcp_keepalives_interval: 10,
    tcp_keepalives_count: 3,
  };
  let hasWarned = false;
  const connect = createConnector({
    url: parsed,
    prepare,
    timeoutMs,
    parameters: prepare ? limits : {},
    statementLog,
    onStatementLost() {
      if (!hasWarned) log.warn(`prepared statements get lost: ${poolerAdvice}`);
      hasWarned = true;
    },
  });
  const database = { description: parsed.description, ...createPool(connect, poolSize, timeoutMs) };
  try {
    const fault = await whenReachable(database, parsed.parameters, log);
    if (fault) throw unusable(database.description, fault);
    const remedy = prepare
      ? undefined
      : await database.run((orm) => findMissingTimeout(orm, statementTimeoutMs), 'lookups');
    if (remedy) log.warn(`statements that miss their deadline run on in PostgreSQL. Run: ${remedy}`);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Asks what keeps the database from being used, until it answers or 30 seconds have passed. */
async function whenReachable(
  database: Database,
  settings: Record<string, string>,
  log: Logger,
): Promise<string | undefined> {
  const giveUp = Date.now() + patienceMs;
  for (let pause = 250; ; pause = Math.min(2 * pause, 4000)) {
    try {
      return (await database.run(findFault, 'lookups')) ?? (await database.run(findOpenTransaction, 'lookups'));
    } catch (error) {
      const refusal = explainRefusal(error, settings);
      if (refusal) return refusal;
      if (!(error instanceof ServiceUnavailableError) || Date.now() + pause > giveUp)
        throw unusable(database.description, reasonOf(error), error);
      log.warn(`waiting for the database at ${database.description}: ${reasonOf(error)}`);
    }
    await sleep(pause);
  }
}

/** @param fault what keeps the database from being used, and what to do about it */
export function unusable(description: string, fault: string, cause?: unknown): StartupError {
  return new StartupError(`Cannot use the database at ${description}: ${fault}.`, { cause });
}
