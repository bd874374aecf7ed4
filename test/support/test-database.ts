import { randomBytes } from 'node:crypto';
import { cpSync, linkSync, mkdirSync, readdirSync } from 'node:fs';
import { appendFile, cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { sql, type Logger as StatementLogger } from 'drizzle-orm';
import postgres from 'postgres';
import { inject } from 'vitest';
import type { Config } from '../../src/config.ts';
import type { Database } from '../../src/database/database.ts';
import { openEmbedded } from '../../src/database/embedded/open-embedded.ts';
import { migratePostgres } from '../../src/database/postgres/migrate-postgres.ts';
import { openPostgres } from '../../src/database/postgres/open-postgres.ts';
import { createLogger, type Logger } from '../../src/observability/log.ts';
import { createStatementLog } from '../../src/observability/observed-database.ts';

/** A PostgreSQL on which databases may be made and dropped; unset, the tests run on the embedded one. */
const { TEST_DATABASE_URL } = process.env;

/** Opens the database at DATABASE_URL, or else one that is empty, and that nobody else uses until it is closed. */
export async function openTestDatabase(config: Config, log: Logger): Promise<Database> {
  const statementLog = createStatementLog(log);
  const timeoutMs = config.DATABASE_TIMEOUT_MS;
  const options = { poolSize: config.DATABASE_POOL_SIZE, timeoutMs, prepare: config.DATABASE_PREPARE };
  if (config.DATABASE_URL) return openPostgres(config.DATABASE_URL, options, log, statementLog);
  if (!TEST_DATABASE_URL) return openEmptyEmbedded(timeoutMs, statementLog);
  const { url, drop } = await createMigratedDatabase(TEST_DATABASE_URL);
  const database = await openPostgres(url, options, log, statementLog);
  return { ...database, close: () => database.close().then(drop) };
}

interface Reusable {
  database: Database;
  /** Where its statements go from now on. */
  logTo: (statementLog: StatementLogger) => void;
}
/** The embedded databases that are open and empty, by how long their work may take. Opening one is slow. */
const reusables = new Map<number, Reusable[]>();

async function openEmptyEmbedded(timeoutMs: number, statementLog: StatementLogger): Promise<Database> {
  const idle = reusables.get(timeoutMs) ?? [];
  reusables.set(timeoutMs, idle);
  const reusable = idle.pop() ?? (await openReusable(timeoutMs));
  reusable.logTo(statementLog);
  const { database } = reusable;
  return {
    ...database,
    async close() {
      try {
        await database.run((orm) => orm.execute(sql`truncate accounts, ai_sessions, idempotency_keys`), 'lookups');
      } catch {
        // A test has broken it.
        return database.close();
      }
      idle.push(reusable);
    },
  };
}

async function openReusable(timeoutMs: number): Promise<Reusable> {
  let current: StatementLogger | undefined;
  const database = await openEmbedded(await copyDataFolder(), timeoutMs, createLogger('silent', process.stdout), {
    logQuery: (statement, parameters) => current?.logQuery(statement, parameters),
  });
  return { database, logTo: (statementLog) => (current = statementLog) };
}

const templateIn = (runFolder: string) => path.join(runFolder, 'template');

/** Makes a migrated embedded database, which is empty. */
export async function makeEmbeddedTemplate(runFolder: string): Promise<void> {
  const database = await openEmbedded(templateIn(runFolder), 60_000, createLogger('silent', process.stdout), {
    logQuery: () => {},
  });
  await database.close();
  // Clearing 128 MB, as PostgreSQL does at its start, would be a third of a start.
  await appendFile(path.join(templateIn(runFolder), 'postgres/postgresql.conf'), 'shared_buffers = 8MB\n');
}

/** The files of template1 and template0, which nothing writes. They are most of all files, and making one is slow. */
const sharedFolders = ['postgres/base/1', 'postgres/base/4'];

/** Makes a folder, for DATA_DIR, that has a migrated embedded database and nothing else. */
export async function copyDataFolder(): Promise<string> {
  const runFolder = inject('runFolder');
  const folder = await mkdtemp(path.join(runFolder, 'data-'));
  const template = templateIn(runFolder);
  const isShared = (name: string) => sharedFolders.includes(path.relative(template, name));
  cpSync(template, folder, { recursive: true, filter: (name) => !isShared(name) });
  for (const shared of sharedFolders) {
    mkdirSync(path.join(folder, shared));
    for (const name of readdirSync(path.join(template, shared))) {
      linkSync(path.join(template, shared, name), path.join(folder, shared, name));
    }
  }
  return folder;
}

/** Makes an empty database on the PostgreSQL at `adminUrl`. */
export async function createTestDatabase(adminUrl: string): Promise<{ url: string; drop: () => Promise<void> }> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const url = new URL(adminUrl);
  url.pathname = name;
  await onServer(adminUrl, `create database ${name}`);
  return { url: url.href, drop: () => onServer(adminUrl, `drop database ${name} with (force)`) };
}

export async function createMigratedDatabase(adminUrl: string): ReturnType<typeof createTestDatabase> {
  const created = await createTestDatabase(adminUrl);
  await migratePostgres(created.url);
  return created;
}

/** Makes the empty database of a server process; answers the variables that lead there. */
export async function makeServerDatabase(): Promise<{ variables: Record<string, string>; drop: () => Promise<void> }> {
  if (!TEST_DATABASE_URL) return { variables: { DATA_DIR: await copyDataFolder() }, drop: async () => {} };
  const { url, drop } = await createMigratedDatabase(TEST_DATABASE_URL);
  return { variables: { DATABASE_URL: url }, drop };
}

/** Copies the first migration alone, for a database of an earlier version. Answers the folder. */
export async function copyFirstMigration(): Promise<string> {
  const folder = await mkdtemp(path.join(inject('runFolder'), 'migrations-'));
  await cp(path.join(import.meta.dirname, '../../src/database/migrations'), folder, { recursive: true });
  const file = path.join(folder, 'meta/_journal.json');
  const journal = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify({ ...journal, entries: journal.entries.slice(0, 1) }));
  return folder;
}

async function onServer(adminUrl: string, statement: string): Promise<void> {
  const admin = postgres(adminUrl, { max: 1, onnotice: () => {} });
  await admin.unsafe(statement);
  await admin.end();
}
