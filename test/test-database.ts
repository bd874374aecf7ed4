import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import type { Config } from '../src/config.ts';
import type { Database } from '../src/database/database.ts';
import { openEmbedded } from '../src/database/embedded.ts';
import { migratePostgres, openPostgres } from '../src/database/postgres.ts';
import type { Logger } from '../src/log.ts';

/** A PostgreSQL on which databases may be made and dropped; unset, the tests run on the embedded one. */
const { TEST_DATABASE_URL } = process.env;

/** Opens a database that no other test file sees; it is gone when it is closed. */
export async function openTestDatabase(config: Config, log: Logger): Promise<Database> {
  const statementLog = { logQuery: (statement: string) => log.trace({ statement }, 'statement') };
  if (!TEST_DATABASE_URL) return openEmbedded(undefined, config.DATABASE_TIMEOUT_MS, statementLog);
  const { url, drop } = await createTestDatabase(TEST_DATABASE_URL);
  await migratePostgres(url);
  const database = await openPostgres(url, config, log, statementLog);
  return { ...database, close: () => database.close().then(drop) };
}

/** Makes an empty database on the PostgreSQL at `adminUrl`. */
export async function createTestDatabase(adminUrl: string): Promise<{ url: string; drop: () => Promise<void> }> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const url = new URL(adminUrl);
  url.pathname = name;
  await onServer(adminUrl, `create database ${name}`);
  return { url: url.href, drop: () => onServer(adminUrl, `drop database ${name} with (force)`) };
}

async function onServer(adminUrl: string, statement: string): Promise<void> {
  const admin = postgres(adminUrl, { max: 1, onnotice: () => {} });
  await admin.unsafe(statement);
  await admin.end();
}
