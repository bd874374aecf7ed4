import { stat } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cleanUp, findFreePort, makeFolder, runScript, startServer, type ServerProcess } from './server-process.ts';
import { copyDataFolder } from './test-database.ts';

let folder: string;
/** Most tests only look at this one. */
let server: ServerProcess;
let outputAtStart: string;

beforeAll(async () => {
  folder = await copyDataFolder();
  server = await startServer({ DATA_DIR: folder });
  outputAtStart = server.output();
});
afterAll(cleanUp);

/** Starts a process of the test's own, on a database of its own unless DATA_DIR says otherwise. */
const start = async (environment: Record<string, string> = {}) =>
  startServer({ DATA_DIR: await copyDataFolder(), ...environment });
const newAISession = 'mutation Open($input: NewAISessionInput!) { newAISession(input: $input) { id purpose } }';
const stackLine = /^ +at /m;
const patience = { timeout: 20_000 };

/** The log lines about a request. */
const linesOf = (id: string | null) => server.logLines().filter(({ requestId }) => requestId === id);

describe.concurrent('the start-up lines', () => {
  test('name the URL of the API, the database and the GraphiQL link with a token', () => {
    const [title, api, database, graphiql, ...rest] = outputAtStart.split('\n');
    expect(title).toBe('AI Sessions is ready');
    expect(api).toMatch(/^ {2}GraphQL +http:\/\/127\.0\.0\.1:\d+\/graphql$/);
    expect(database).toMatch(/^ {2}Database +embedded PostgreSQL/);
    expect(database).toContain(folder);
    expect(graphiql?.replace(/[\w-]+\.[\w-]+\.[\w-]+$/, 'TOKEN')).toBe(`  GraphiQL  ${server.url}/graphql?token=TOKEN`);
    expect(rest).toEqual(['']);
  });

  test('carry the token of an administrator', async () => {
    const { data } = await server.graphql('{ viewer { id roles } }');
    expect(data.viewer).toEqual({ id: 'administrator', roles: ['SystemAdministrator'] });
  });

  test('have no link and no token with GRAPHIQL=off', async () => {
    const { output } = await start({ GRAPHIQL: 'off' });
    expect(output()).toContain('AI Sessions is ready');
    expect(output()).not.toMatch(/GraphiQL|token|eyJ/);
  });

  test('name the port that PORT asks for', async () => {
    const port = await findFreePort();
    const { url } = await start({ PORT: String(port) });
    expect(url).toBe(`http://127.0.0.1:${port}`);
  });

  test('are all that LOG_LEVEL=silent leaves', async () => {
    const { output, graphql, kill, ended } = await start({ LOG_LEVEL: 'silent' });
    const atStart = output();
    await graphql(newAISession, { input: {} });
    kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0, stdout: atStart, stderr: '' });
    expect(atStart.trimEnd().split('\n')).toHaveLength(4);
  });
});

describe.concurrent('the folder of the embedded database', () => {
  test('gets one demo account, and no second one at the second start', async () => {
    const listNames = '{ accounts { totalCount nodes: edges { node { name } } } }';
    const DATA_DIR = await makeFolder();
    const first = await start({ DATA_DIR });
    const { data } = await first.graphql(listNames);
    expect(data.accounts).toEqual({ totalCount: 1, nodes: [{ node: { name: 'Demo Account' } }] });
    first.kill('SIGTERM');
    await first.ended;
    const second = await start({ DATA_DIR });
    expect((await second.graphql(listNames)).data).toEqual(data);
  });

  test('keeps its secret from other users', async () => {
    const { mode } = await stat(path.join(folder, 'secret'));
    expect((mode % 0o1000).toString(8)).toBe('600');
  });

  test('keeps sessions over kill -9, and a new start works at once', async () => {
    const DATA_DIR = await copyDataFolder();
    const first = await start({ DATA_DIR });
    const created = await first.graphql(newAISession, { input: { purpose: 'Outlive the process' } });
    first.kill('SIGKILL');
    expect(await first.ended).toMatchObject({ code: null, signal: 'SIGKILL' });
    const second = await start({ DATA_DIR });
    const found = await second.graphql('query ($id: ID!) { aiSession(id: $id) { id purpose } }', {
      id: created.data.newAISession.id,
    });
    expect(found.data.aiSession).toEqual(created.data.newAISession);
  });

  test('keeps idempotency keys over kill -9', async () => {
    const input = { purpose: 'Once', idempotencyKey: 'the only one' };
    const DATA_DIR = await copyDataFolder();
    const first = await start({ DATA_DIR });
    const created = await first.graphql(newAISession, { input });
    first.kill('SIGKILL');
    await first.ended;
    const second = await start({ DATA_DIR });
    expect((await second.graphql(newAISession, { input })).data).toEqual(created.data);
  });

  test('keeps its secret, so that a token outlives the process', async () => {
    const DATA_DIR = await copyDataFolder();
    const first = await start({ DATA_DIR });
    first.kill('SIGTERM');
    await first.ended;
    const { graphql } = await start({ DATA_DIR });
    const { data } = await graphql('{ viewer { id } }', {}, { Authorization: `Bearer ${first.token}` });
    expect(data.viewer).toEqual({ id: 'administrator' });
  });

  test('is refused to a second server, which says why, and the first goes on', async () => {
    const second = await runScript('src/main.ts', [], { DATA_DIR: folder });
    expect(second).toMatchObject({ code: 1, stdout: '' });
    expect(second.stderr).toContain(folder);
    expect(second.stderr).toMatch(/another server/i);
    expect(second.stderr).not.toMatch(stackLine);
    const { data } = await server.graphql(newAISession, { input: { purpose: 'Still here' } });
    expect(data.newAISession.purpose).toBe('Still here');
  });
});

test('a busy port is reported, with exit code 1', async () => {
  const { port } = new URL(server.url);
  const { code, stdout, stderr } = await runScript('src/main.ts', [], { DATA_DIR: await copyDataFolder(), PORT: port });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(port);
  expect(stderr).toMatch(/PORT/);
  expect(stderr).not.toMatch(stackLine);
});

describe('the log', () => {
  test('is JSON with one line a request, which has its id, operation, viewer, status and duration', async () => {
    const { headers } = await server.graphql('mutation Open { newAccount(input: { name: "Acme" }) { id } }');
    const requestId = headers.get('x-request-id');
    await expect
      .poll(() => linesOf(requestId), patience)
      .toEqual([
        expect.objectContaining({
          msg: 'request',
          requestId,
          operation: 'mutation Open',
          viewer: 'administrator',
          status: 200,
          durationMs: expect.any(Number),
        }),
      ]);
  });

  test('has no token and no variables', async () => {
    const { url, token, graphiqlLink = '', graphql, logLines, output } = await start({ LOG_LEVEL: 'trace' });
    const secretive = { input: { purpose: 'hush-hush', idempotencyKey: 'tell-nobody' } };
    await graphql(newAISession, secretive);
    await graphql(newAISession, secretive, { Authorization: `Bearer ${token}x` });
    await graphql(newAISession, { input: { accountId: 'hush-hush' } });
    await graphql(newAISession, { input: 'hush-hush' });
    const variables = encodeURIComponent('{"id":"hush-hush"}');
    await fetch(`${url}/graphql?query=query($id:ID!){aiSession(id:$id){id}}&variables=${variables}`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    const page = await fetch(graphiqlLink, { headers: { Accept: 'text/html' } });
    await page.text();
    await expect.poll(() => logLines().filter(({ msg }) => msg === 'request'), patience).toHaveLength(6);
    const logged = output().replace(graphiqlLink, '');
    expect(logged).not.toMatch(/hush-hush|tell-nobody|eyJ/);
    expect(logged).not.toContain(token.split('.').at(-1));
  });

  test('and the answer keep a sane X-Request-Id of the client', async () => {
    const { headers } = await server.graphql('{ viewer { id } }', {}, { 'X-Request-Id': 'proxy-1.abc_DEF' });
    expect(headers.get('x-request-id')).toBe('proxy-1.abc_DEF');
    await expect.poll(() => linesOf('proxy-1.abc_DEF'), patience).toMatchObject([{ msg: 'request' }]);
  });

  test('and the answer replace an X-Request-Id that is not sane', async () => {
    for (const given of ['two words', 'x'.repeat(65), '{"msg":"forged"}', 'é', '']) {
      const { headers } = await server.graphql('{ viewer { id } }', {}, { 'X-Request-Id': given });
      const id = headers.get('x-request-id');
      expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      await expect.poll(() => linesOf(id), patience).toMatchObject([{ msg: 'request' }]);
    }
    expect(server.output()).not.toMatch(/two words|xxxxx|forged|é/);
  });
});
