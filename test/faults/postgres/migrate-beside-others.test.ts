import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate as migrateTo } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { canRunPostgres, startPostgres, type PostgresServer } from '../../support/postgres-server.ts';
import { countWaiting } from '../../support/postgres-service.ts';
import { cleanUp, runScript } from '../../support/server-process.ts';
import { copyFirstMigration } from '../../support/test-database.ts';

/** Writes as a server of the version before does. */
async function write(client: postgres.Sql): Promise<void> {
  await client`insert into ai_sessions (id, created_by, last_modified_by, date_created)
    values ('0192f0c1-2345-7000-8000-000000000001', 'alice', 'alice', to_timestamp(1730616042.309))
    on conflict (id) do update set purpose = 'again'`;
}

describe.skipIf(!canRunPostgres)('a migration beside a long transaction', () => {
  let database: PostgresServer;
  let holder: ReturnType<PostgresServer['connect']>;

  beforeEach(async () => {
    database = await startPostgres();
    await database.query('drop schema public, drizzle cascade; create schema public authorization app');
    const client = postgres(database.url, { max: 1, onnotice: () => {} });
    await migrateTo(drizzle(client), { migrationsFolder: await copyFirstMigration() });
    await client.end();
    holder = database.connect();
    await holder.unsafe('begin; select from ai_sessions');
  });
  afterEach(async () => {
    await holder.end({ timeout: 1 });
    await cleanUp();
    await database.remove();
  });

  const startMigration = () => runScript('src/commands/migrate.ts', [], { DATABASE_URL: database.url });

  test('lets others write meanwhile, says what it waits for, and ends when that does', async () => {
    const writer = database.connect();
    const migration = startMigration();
    // Behind a migration that waits for its lock, a write would wait as long.
    await expect.poll(() => countWaiting(database), { interval: 10 }).toBe(1);
    for (let time = 0; time < 3; time += 1) await write(writer);
    // It has said so before it tries again.
    await expect.poll(() => countWaiting(database), { interval: 10, timeout: 5000 }).toBe(0);
    await expect.poll(() => countWaiting(database), { interval: 10 }).toBe(1);
    await holder.unsafe('rollback');
    await writer.end();
    const { code, stdout, stderr } = await migration;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    // The second try may find that the transaction has just ended, and say that too.
    expect(stdout).toMatch(
      /^Waiting because PostgreSQL process \d+ \(role postgres\) locks the tables\.\n(Waiting because another transaction locks the tables\.\n)?Applied 0001_date_created_is_in_id\.\nThe database .* is up to date\.\n$/,
    );
  });

  test('gives up in words when the transaction goes on', { timeout: 90_000 }, async () => {
    const { code, stderr } = await startMigration();
    expect(code).toBe(1);
    expect(stderr).toMatch(/PostgreSQL process \d+ \(role postgres\) .*30 seconds.*run this again/);
    expect(stderr).not.toMatch(/^ +at /m);
    await write(holder);
  });
});
