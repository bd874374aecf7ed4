import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cleanUp, runScript, startServer, type ServerProcess } from '../../support/server-process.ts';
import { secret } from '../../support/sign-token.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import { createSession } from '../../support/test-server.ts';

const { TEST_DATABASE_URL = '' } = process.env;

const migrate = (DATABASE_URL: string) => runScript('src/commands/migrate.ts', [], { DATABASE_URL });
const runServer = (DATABASE_URL: string) => runScript('src/main.ts', [], { DATABASE_URL, AUTH_SECRET: secret });
const stackLine = /^ +at /m;

describe('a server is refused, in words:', () => {
  let database: { url: string; drop: () => Promise<void> };

  beforeEach(async () => {
    database = await createTestDatabase(TEST_DATABASE_URL);
  });
  afterEach(async () => {
    await cleanUp();
    await database.drop();
  });

  test('an empty database, with the command to run', async () => {
    const { code, stdout, stderr } = await runServer(database.url);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('npm run migrate');
    expect(stderr).not.toMatch(stackLine);
  });

  test('a database that does not exist', async () => {
    const url = new URL(database.url);
    url.pathname = '/no_such_database';
    const { code, stdout, stderr } = await runServer(url.href);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('"no_such_database" does not exist');
    expect(stderr).not.toMatch(stackLine);
  });
});

describe('on a database that npm run migrate migrated, a server', () => {
  let database: { url: string; drop: () => Promise<void> };
  let migrated: Awaited<ReturnType<typeof migrate>>;
  let server: ServerProcess;

  beforeAll(async () => {
    database = await createTestDatabase(TEST_DATABASE_URL);
    migrated = await migrate(database.url);
    const url = new URL(database.url);
    url.password = 'hush-hush';
    server = await startServer({ DATABASE_URL: url.href, AUTH_SECRET: secret, GRAPHIQL: 'on' });
  });
  afterAll(async () => {
    await cleanUp();
    await database.drop();
  });

  const countSessions = async () => (await server.graphql('{ aiSessions { totalCount } }')).data.aiSessions.totalCount;

  test('creates sessions', async () => {
    expect(migrated).toMatchObject({ code: 0, stderr: '' });
    expect((await createSession(server)).data.newAISession).toMatchObject({ createdBy: 'alice' });
  });

  test('creates no account at its start', async () => {
    const { data } = await server.graphql('{ accounts { totalCount } }');
    expect(data.accounts.totalCount).toBe(0);
  });

  test('is ready', async () => {
    expect((await fetch(`${server.url}/ready`)).status).toBe(200);
  });

  test('names the host and the database in its start-up lines, but no password, token or link with a token', () => {
    const { host, pathname } = new URL(database.url);
    expect(server.startupLines()).toMatch(new RegExp(`^ {2}Database .*${host}${pathname}$`, 'm'));
    expect(server.graphiqlLink).toBe(`${server.url}/graphql`);
    expect(server.output() + server.startupLines()).not.toMatch(/hush-hush|eyJ|token/);
  });

  test('keeps its data over a second migration, which changes nothing', async () => {
    await createSession(server);
    const before = await countSessions();
    const second = await migrate(database.url);
    expect(second).toMatchObject({ code: 0, stderr: '' });
    expect(second.stdout).toMatch(/^The database at .* is up to date\.\n$/);
    expect(await countSessions()).toBe(before);
  });

  test('prints no link by default', async () => {
    const { graphiqlLink } = await startServer({ DATABASE_URL: database.url, AUTH_SECRET: secret });
    expect(graphiqlLink).toBeUndefined();
  });
});
