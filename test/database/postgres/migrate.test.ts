import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate as migrateTo } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cleanUp, findFreePort, runScript, startServer } from '../../support/server-process.ts';
import { secret } from '../../support/sign-token.ts';
import { copyFirstMigration, createTestDatabase } from '../../support/test-database.ts';
import { createSession } from '../../support/test-server.ts';

const { TEST_DATABASE_URL = '' } = process.env;
const stackLine = /^ +at /m;

const migrate = (DATABASE_URL: string) => runScript('src/commands/migrate.ts', [], { DATABASE_URL });

describe('npm run migrate', () => {
  let database: { url: string; drop: () => Promise<void> };

  beforeEach(async () => {
    database = await createTestDatabase(TEST_DATABASE_URL);
  });
  afterEach(async () => {
    await cleanUp();
    await database.drop();
  });

  const start = () => startServer({ DATABASE_URL: database.url, AUTH_SECRET: secret });

  test('keeps the rows of an earlier version', async () => {
    const id = '0192f0c1-2345-7000-8000-000000000001';
    const client = postgres(database.url, { max: 1, onnotice: () => {} });
    await migrateTo(drizzle(client), { migrationsFolder: await copyFirstMigration() });
    await client.unsafe(`
      insert into ai_sessions (id, date_created, date_last_modified, created_by, last_modified_by, purpose, idempotency_key)
        values ('${id}', to_timestamp(1730616042.309), now(), 'alice', 'alice', 'Keep me', 'once');
      insert into idempotency_keys (created_by, key, session_id, payload_hash) values ('alice', 'once', '${id}', 'hash')`);
    await client.end();
    expect(await migrate(database.url)).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^Applied 0001_date_created_is_in_id\.\nThe database at .* is up to date\.\n$/),
    });
    const server = await start();
    const { data } = await server.graphql(`{ aiSession(id: "${id}") { purpose dateCreated } }`);
    expect(data.aiSession).toEqual({ purpose: 'Keep me', dateCreated: '2024-11-03T06:40:42.309Z' });
    const { errors } = await createSession(server, { idempotencyKey: 'once' });
    expect(errors).toMatchObject([{ extensions: { code: 'IDEMPOTENCY_KEY_REUSED' } }]);
  });

  test('goes on where another process has made the schema meanwhile', async () => {
    const pool = postgres(database.url, { max: 2, onnotice: () => {} });
    const holder = await pool.reserve();
    await holder`begin`;
    await holder`create schema drizzle`;
    const end = migrate(database.url);
    const countWaiting = async () =>
      (await pool`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`).count;
    await expect.poll(countWaiting).toBe(1);
    await holder`commit`;
    holder.release();
    await pool.end();
    expect(await end).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^Applied 0000_first\.$/m) });
  });

  test('succeeds twice at the same time', async () => {
    const pool = postgres(database.url, { max: 2, onnotice: () => {} });
    const holder = await pool.reserve();
    const seen = new Set<unknown>();
    // Each waits for a while, and tries again later.
    const countSeen = async () => {
      const waiting = await pool`select pid from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`;
      for (const { pid } of waiting) seen.add(pid);
      return seen.size;
    };
    // Both are held up at their first step, which makes this schema, and then let go together.
    await holder`begin`;
    await holder`create schema drizzle`;
    const ends = Promise.all([migrate(database.url), migrate(database.url)]);
    await expect.poll(countSeen).toBe(2);
    await holder`rollback`;
    holder.release();
    await pool.end();
    const [one, other] = await ends;
    expect([one, other]).toMatchObject([
      { code: 0, stderr: '' },
      { code: 0, stderr: '' },
    ]);
    // Each migration was applied once, by either of them.
    expect(`${one.stdout}${other.stdout}`.match(/^Applied .*$/gm)).toEqual([
      'Applied 0000_first.',
      'Applied 0001_date_created_is_in_id.',
    ]);
    await start();
  });

  test('reports a database that does not exist', async () => {
    const url = new URL(database.url);
    url.pathname = '/no_such_database';
    const { code, stderr } = await migrate(url.href);
    expect(code).toBe(1);
    expect(stderr).toContain('"no_such_database" does not exist');
    expect(stderr).not.toMatch(stackLine);
  });
  test.each([
    ['no DATABASE_URL', ''],
    ['a DATABASE_URL of another kind', 'mysql://user:hush-hush@localhost/sessions'],
    ['a malformed DATABASE_URL', 'postgres://user:hush-hush@localhost:port/sessions'],
    ['a password that is not percent-encoded', 'postgres://user:12/hush-hush@hush-hush@localhost/sessions'],
  ])('with %s reports it and ends with code 1', async (_fault, url) => {
    const { code, stdout, stderr } = await migrate(url);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('DATABASE_URL');
    expect(stderr).not.toMatch(/hush-hush/);
    expect(stderr).not.toMatch(stackLine);
  });

  test('where nothing listens reports it and ends with code 1', async () => {
    const port = await findFreePort();
    const { code, stdout, stderr } = await migrate(`postgres://user:hush-hush@127.0.0.1:${port}/sessions`);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`127.0.0.1:${port}/sessions`);
    expect(stderr).not.toMatch(/hush-hush/);
    expect(stderr).not.toMatch(stackLine);
  });
});
