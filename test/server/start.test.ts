import { stat } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  cleanUp,
  findFreePort,
  makeFolder,
  runScript,
  startServer,
  type ServerProcess,
} from '../support/server-process.ts';
import { copyDataFolder } from '../support/test-database.ts';

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

const newAISession = 'mutation Open($input: NewAISessionInput!) { newAISession(input: $input) { id purpose } }';
const stackLine = /^ +at /m;

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
});

describe('the start-up lines with PORT, GRAPHIQL=off and LOG_LEVEL=silent', () => {
  let port: number;
  let quiet: ServerProcess;

  beforeAll(async () => {
    port = await findFreePort();
    const environment = { PORT: String(port), GRAPHIQL: 'off', LOG_LEVEL: 'silent' };
    quiet = await startServer({ DATA_DIR: await copyDataFolder(), ...environment });
  });

  test('name that port', () => {
    expect(quiet.url).toBe(`http://127.0.0.1:${port}`);
  });

  test('have no link and no token', () => {
    expect(quiet.output()).toContain('AI Sessions is ready');
    expect(quiet.output()).not.toMatch(/GraphiQL|token|eyJ/);
  });

  test('are all that is written', async () => {
    const atStart = quiet.output();
    expect(atStart.trimEnd().split('\n')).toHaveLength(3);
    await quiet.graphql(newAISession, { input: {} });
    quiet.kill('SIGTERM');
    expect(await quiet.ended).toMatchObject({ code: 0, stdout: atStart, stderr: '' });
  });
});

describe('the folder of the embedded database', () => {
  test('keeps its secret from other users', async () => {
    const { mode } = await stat(path.join(folder, 'secret'));
    expect((mode % 0o1000).toString(8)).toBe('600');
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

describe('an empty folder, after a first process that stopped and a second one that was killed', () => {
  const input = { purpose: 'Outlive the process', idempotencyKey: 'the only one' };
  const listNames = '{ accounts { totalCount nodes: edges { node { name } } } }';
  /** Made by the token command before the first start. */
  let earlyToken: string;
  let first: ServerProcess;
  let third: ServerProcess;
  let accountsAtFirst: unknown;
  let created: { newAISession: { id: string } };

  beforeAll(async () => {
    const DATA_DIR = await makeFolder();
    earlyToken = (await runScript('src/commands/token.ts', ['--sub', 'early'], { DATA_DIR })).stdout.trim();
    first = await startServer({ DATA_DIR });
    accountsAtFirst = (await first.graphql(listNames)).data;
    first.kill('SIGTERM');
    await first.ended;
    const second = await startServer({ DATA_DIR });
    created = (await second.graphql(newAISession, { input })).data;
    second.kill('SIGKILL');
    await second.ended;
    third = await startServer({ DATA_DIR });
  });

  test('has the one demo account that the first start made', async () => {
    expect(accountsAtFirst).toEqual({ accounts: { totalCount: 1, nodes: [{ node: { name: 'Demo Account' } }] } });
    expect((await third.graphql(listNames)).data).toEqual(accountsAtFirst);
  });

  test('has its sessions', async () => {
    const { data } = await third.graphql('query ($id: ID!) { aiSession(id: $id) { id purpose } }', {
      id: created.newAISession.id,
    });
    expect(data.aiSession).toEqual(created.newAISession);
  });

  test('has its idempotency keys', async () => {
    expect((await third.graphql(newAISession, { input })).data).toEqual(created);
  });

  test('has its secret, so that a token outlives the process', async () => {
    const { data } = await third.graphql('{ viewer { id } }', {}, { Authorization: `Bearer ${first.token}` });
    expect(data.viewer).toEqual({ id: 'administrator' });
  });

  test('has the secret of the token that was made before the first start', async () => {
    const { data } = await third.graphql('{ viewer { id } }', {}, { Authorization: `Bearer ${earlyToken}` });
    expect(data.viewer).toEqual({ id: 'early' });
  });
});

test('a Node.js that is too old is reported, with exit code 1', async () => {
  const asOld = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '24.3.0' } })`;
  const NODE_OPTIONS = `--import="data:text/javascript,${encodeURIComponent(asOld)}"`;
  const end = await runScript('src/main.ts', [], { DATA_DIR: folder, NODE_OPTIONS });
  expect(end).toMatchObject({ code: 1, stdout: '' });
  expect(end.stderr).toMatch(/^AI Sessions needs Node\.js \d+\.\d+ or newer, and this is 24\.3\.0 /);
  expect(end.stderr).not.toMatch(stackLine);
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
    const { headers } = await server.graphql('query Look { viewer { id } }');
    const requestId = headers.get('x-request-id');
    await expect
      .poll(() => linesOf(requestId))
      .toEqual([
        expect.objectContaining({
          msg: 'request',
          requestId,
          operation: 'query Look',
          viewer: 'administrator',
          status: 200,
          durationMs: expect.any(Number),
        }),
      ]);
  });

  test('has no token and no variables', async () => {
    const {
      url,
      token,
      graphiqlLink = '',
      graphql,
      logLines,
      output,
    } = await startServer({ DATA_DIR: await copyDataFolder(), LOG_LEVEL: 'trace' });
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
    await expect.poll(() => logLines().filter(({ msg }) => msg === 'request')).toHaveLength(6);
    const logged = output().replace(graphiqlLink, '');
    expect(logged).not.toMatch(/hush-hush|tell-nobody|eyJ/);
    expect(logged).not.toContain(token.split('.').at(-1));
  });

  test('and the answer keep a sane X-Request-Id of the client', async () => {
    const { headers } = await server.graphql('{ viewer { id } }', {}, { 'X-Request-Id': 'proxy-1.abc_DEF' });
    expect(headers.get('x-request-id')).toBe('proxy-1.abc_DEF');
    await expect.poll(() => linesOf('proxy-1.abc_DEF')).toMatchObject([{ msg: 'request' }]);
  });

  test('and the answer replace an X-Request-Id that is not sane', async () => {
    for (const given of ['two words', 'x'.repeat(65), '{"msg":"forged"}', 'é', '']) {
      const { headers } = await server.graphql('{ viewer { id } }', {}, { 'X-Request-Id': given });
      const id = headers.get('x-request-id');
      expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      await expect.poll(() => linesOf(id)).toMatchObject([{ msg: 'request' }]);
    }
    expect(server.output()).not.toMatch(/two words|xxxxx|forged|é/);
  });
});
