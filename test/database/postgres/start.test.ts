import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate as migrateTo } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cleanUp, findFreePort, runScript, startServer, type ServerProcess } from '../../support/server-process.ts';
import { sign } from '../../support/sign-token.ts';
import { copyFirstMigration, createTestDatabase } from '../../support/test-database.ts';

const { TEST_DATABASE_URL = '' } = process.env;
const AUTH_SECRET = 'a secret that only this test knows of';

const migrate = (DATABASE_URL: string) => runScript('src/commands/migrate.ts', [], { DATABASE_URL });
const runServer = (DATABASE_URL: string) => runScript('src/main.ts', [], { DATABASE_URL, AUTH_SECRET });
const stackLine = /^ +at /m;

const authorization = { Authorization: `Bearer ${sign({}, AUTH_SECRET)}` };

describe.skipIf(!TEST_DATABASE_URL)('with a PostgreSQL', () => {
  let database: { url: string; drop: () => Promise<void> };
  let proxy: Server | undefined;

  beforeEach(async () => {
    database = await createTestDatabase(TEST_DATABASE_URL);
  });
  afterEach(async () => {
    await cleanUp();
    proxy?.close();
    proxy = undefined;
    await database.drop();
  });

  const start = (environment: Record<string, string> = {}) =>
    startServer({ DATABASE_URL: database.url, AUTH_SECRET, ...environment });

  /** The URL of the database by way of another port. */
  function throughPort(port: number): string {
    const url = new URL(database.url);
    url.host = `127.0.0.1:${port}`;
    return url.href;
  }

  /** Passes connections on to the PostgreSQL. */
  async function openProxy(port: number): Promise<void> {
    const { hostname, port: target } = new URL(database.url);
    proxy = createServer((client) => {
      const backend = connect(Number(target || '5432'), hostname);
      // Killing the server resets its connections: that is no fault of the proxy.
      client.on('error', () => backend.destroy()).pipe(backend);
      backend.on('error', () => client.destroy()).pipe(client);
    }).listen(port, '127.0.0.1');
    await once(proxy, 'listening');
  }

  test('an empty database is refused with a message that names the command', async () => {
    const { code, stdout, stderr } = await runServer(database.url);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('npm run migrate');
    expect(stderr).not.toMatch(stackLine);
  });

  test('a database of an earlier version keeps its rows', async () => {
    const id = '0192f0c1-2345-7000-8000-000000000001';
    const client = postgres(database.url, { max: 1, onnotice: () => {} });
    await migrateTo(drizzle(client), { migrationsFolder: await copyFirstMigration() });
    await client.unsafe(`
      insert into ai_sessions (id, date_created, date_last_modified, created_by, last_modified_by, purpose, idempotency_key)
        values ('${id}', to_timestamp(1730616042.309), now(), 'alice', 'alice', 'Keep me', 'once');
      insert into idempotency_keys (created_by, key, session_id, payload_hash) values ('alice', 'once', '${id}', 'hash')`);
    await client.end();
    expect(await migrate(database.url)).toMatchObject({ code: 0, stderr: '' });
    const { graphql } = await start();
    const { data } = await graphql(`{ aiSession(id: "${id}") { purpose dateCreated } }`, {}, authorization);
    expect(data.aiSession).toEqual({ purpose: 'Keep me', dateCreated: '2024-11-03T06:40:42.309Z' });
    const retry = 'mutation { newAISession(input: { idempotencyKey: "once" }) { id } }';
    const { errors } = await graphql(retry, {}, authorization);
    expect(errors).toMatchObject([{ extensions: { code: 'IDEMPOTENCY_KEY_REUSED' } }]);
  });

  test('two migrations at the same time both succeed', async () => {
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
    expect(await ends).toMatchObject([
      { code: 0, stderr: '' },
      { code: 0, stderr: '' },
    ]);
    await start();
  });

  test('the server waits for a database that is still starting, and logs that it waits', async () => {
    await migrate(database.url);
    const port = await findFreePort();
    let opening: Promise<void> | undefined;
    const openWhenMissed = (output: string) => {
      if (/(?:"msg":"waiting for the database[^]*){2}/.test(output)) opening ??= openProxy(port);
    };
    const { url, output } = await startServer({ DATABASE_URL: throughPort(port), AUTH_SECRET }, openWhenMissed);
    expect(output()).toMatch(/"msg":"waiting for the database[^\n]*\n[^]*AI Sessions is ready/);
    const response = await fetch(`${url}/ready`);
    expect(response.status).toBe(200);
  });

  test('a database that does not exist is reported', async () => {
    const url = new URL(database.url);
    url.pathname = '/no_such_database';
    const { code, stdout, stderr } = await runServer(url.href);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('"no_such_database" does not exist');
    expect(stderr).not.toMatch(stackLine);
  });

  test('the migration reports a database that does not exist', async () => {
    const url = new URL(database.url);
    url.pathname = '/no_such_database';
    const { code, stderr } = await migrate(url.href);
    expect(code).toBe(1);
    expect(stderr).toContain('"no_such_database" does not exist');
    expect(stderr).not.toMatch(stackLine);
  });
});

describe.skipIf(!TEST_DATABASE_URL)('on a database that npm run migrate migrated, a server', () => {
  let database: { url: string; drop: () => Promise<void> };
  let migrated: Awaited<ReturnType<typeof migrate>>;
  let server: ServerProcess;

  beforeAll(async () => {
    database = await createTestDatabase(TEST_DATABASE_URL);
    migrated = await migrate(database.url);
    const url = new URL(database.url);
    url.password = 'hush-hush';
    server = await startServer({ DATABASE_URL: url.href, AUTH_SECRET, GRAPHIQL: 'on' });
  });
  afterAll(async () => {
    await cleanUp();
    await database.drop();
  });

  const createSession = () => server.graphql('mutation { newAISession(input: {}) { createdBy } }', {}, authorization);
  const countSessions = async () =>
    (await server.graphql('{ aiSessions { totalCount } }', {}, authorization)).data.aiSessions.totalCount;

  test('creates sessions', async () => {
    expect(migrated).toMatchObject({ code: 0, stderr: '' });
    expect((await createSession()).data.newAISession).toEqual({ createdBy: 'alice' });
  });

  test('creates no account at its start', async () => {
    const { data } = await server.graphql('{ accounts { totalCount } }', {}, authorization);
    expect(data.accounts.totalCount).toBe(0);
  });

  test('is ready', async () => {
    expect((await fetch(`${server.url}/ready`)).status).toBe(200);
  });

  test('names the host and the database in its start-up lines, but no password, token or link with a token', () => {
    const { host, pathname } = new URL(database.url);
    expect(server.output()).toMatch(new RegExp(`^ {2}Database .*${host}${pathname}$`, 'm'));
    expect(server.graphiqlLink).toBe(`${server.url}/graphql`);
    expect(server.output()).not.toMatch(/hush-hush|eyJ|token/);
  });

  test('keeps its data over a second migration, which changes nothing', async () => {
    await createSession();
    const before = await countSessions();
    expect(await migrate(database.url)).toMatchObject({ code: 0, stderr: '' });
    expect(await countSessions()).toBe(before);
  });

  test('prints no link by default', async () => {
    const { graphiqlLink } = await startServer({ DATABASE_URL: database.url, AUTH_SECRET });
    expect(graphiqlLink).toBeUndefined();
  });
});

describe('npm run migrate', () => {
  afterEach(cleanUp);

  test.each([
    ['no DATABASE_URL', ''],
    ['a DATABASE_URL of another kind', 'mysql://user:hush-hush@localhost/sessions'],
    ['a malformed DATABASE_URL', 'postgres://user:hush-hush@localhost:port/sessions'],
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
