import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import { StartupError, errorCode } from '../../errors.ts';
import { reasonOf } from '../failures.ts';
import { findMissingMigrations, migrationsFolder } from '../migrations.ts';
import { createConnector } from './connection.ts';
import { parseDatabaseUrl } from './database-url.ts';
import { unusable } from './open-postgres.ts';
import { explainRefusal } from './pooler.ts';
import { whileOpen } from './socket.ts';

/** A number that no other program locks: hashtext('ai-sessions migrations'), as earlier versions had it. */
const migrationLock = 1_072_551_428;

/**
 * Another process made the same schema or table meanwhile: a transaction that waits for a lock may remember that there
 * was none, so that IF NOT EXISTS looks in vain. A new transaction looks again.
 */
const sameName = /unique constraint "pg_(namespace_nspname|class_relname_nsp|type_typname_nsp)_index"/;
/** How long others may lock the tables, in milliseconds. */
const patienceMs = 30_000;

/**
 * Applies the migrations that the database at `url` lacks. Of several processes at once, one migrates and the others
 * wait.
 * @param report prints a line that says what the migration waits for, or has applied
 * @returns the database as people see it: no password
 * @throws StartupError, also when others have locked the tables for 30 seconds
 */
export async function migratePostgres(url: string, report: (line: string) => void = () => {}): Promise<string> {
  const parsed = parseDatabaseUrl(url);
  const { description } = parsed;
  try {
    const { socket, client, orm } = await createConnector({ url: parsed, prepare: false })();
    const fault = await whileOpen(socket, migrateOnceFree(orm, report)).finally(() => client.end({ timeout: 1 }));
    if (fault) throw unusable(description, fault);
    return description;
  } catch (error) {
    if (error instanceof StartupError) throw error;
    throw unusable(description, explainRefusal(error, parsed.parameters) ?? reasonOf(error), error);
  }
}

/** @returns what keeps the tables from being migrated, and what to do about it, in words; undefined once they are */
async function migrateOnceFree(orm: PostgresJsDatabase, report: (line: string) => void): Promise<string | undefined> {
  const giveUp = Date.now() + patienceMs;
  for (let reported = ''; ; await sleep(1000)) {
    const holder = await tryToMigrate(orm, report);
    if (!holder) return undefined;
    if (Date.now() > giveUp)
      return `${holder} has locked the tables for more than 30 seconds. End it or wait for it, then run this again`;
    if (holder !== reported) report(`Waiting because ${holder} locks the tables.`);
    reported = holder;
  }
}

/** Migrates, unless another process is in the way. Returns that process, in words. */
async function tryToMigrate(orm: PostgresJsDatabase, report: (line: string) => void): Promise<string | undefined> {
  try {
    // Behind a pooler, nothing may outlive the transaction. Drizzle's migrator joins it, and commits.
    await orm.execute(sql`begin`);
    // A statement that waits for a lock blocks all later ones: those of the running servers.
    await orm.execute(sql`set local lock_timeout = '300ms'`);
    // Drizzle's migrator takes no lock of its own (drizzle-team/drizzle-orm#874).
    await orm.execute(sql`select pg_advisory_xact_lock(${migrationLock})`);
    const missing = await findMissingMigrations(orm);
    await migrate(orm, { migrationsFolder });
    for (const name of missing) report(`Applied ${name}.`);
    return undefined;
  } catch (error) {
    if (errorCode(error) !== '55P03' && !sameName.test(reasonOf(error))) throw error;
    await orm.execute(sql`rollback`);
    const [holder] = await orm.execute<{ pid: number; role: string | null }>(sql`
      select pid, usename as role from pg_locks join pg_stat_activity using (pid)
      where granted and pid <> pg_backend_pid() and datname = current_database() and (locktype = 'advisory' or
        relation in (to_regclass('accounts'), to_regclass('ai_sessions'), to_regclass('idempotency_keys')))
      order by locktype <> 'advisory', xact_start limit 1`);
    if (!holder) return 'another transaction';
    return `PostgreSQL process ${holder.pid} (role ${holder.role})`;
  }
}
