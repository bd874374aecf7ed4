import { stat } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cleanUp, findFreePort, runScript, startServer, type ServerProcess } from '../../support/server-process.ts';
import { copyDataFolder } from '../../support/test-database.ts';
import { createSession } from '../../support/test-server.ts';

let folder: string;
/** Most tests only look at this one. */
let server: ServerProcess;
let outputAtStart: string;

beforeAll(async () => {
  folder = await copyDataFolder();
  server = await startServer({ DATA_DIR: folder });
  outputAtStart = server.startupLines();
});
afterAll(cleanUp);

const stackLine = /^ +at /m;

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

  test('name no metrics without METRICS_PORT, and there are none', async () => {
    expect(outputAtStart).not.toContain('Metrics');
    expect((await fetch(`${server.url}/metrics`)).status).toBe(404);
  });

  test('are JSON on stdout, without the token', async () => {
    const ready = () => server.logLines().find(({ msg }) => msg === 'ready');
    const database = `embedded PostgreSQL in ${folder}`;
    await expect.poll(ready).toMatchObject({ url: `${server.url}/graphql`, database });
    expect(server.output()).not.toContain(server.token);
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
    expect(quiet.startupLines()).toContain('AI Sessions is ready');
    expect(quiet.startupLines()).not.toMatch(/GraphiQL|token|eyJ/);
  });

  test('are all that is written', async () => {
    const atStart = quiet.startupLines();
    expect(atStart.trimEnd().split('\n')).toHaveLength(3);
    await createSession(quiet);
    quiet.kill('SIGTERM');
    expect(await quiet.ended).toMatchObject({ code: 0, stdout: '', stderr: '' });
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
    const { data } = await createSession(server, { purpose: 'Still here' });
    expect(data.newAISession.purpose).toBe('Still here');
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
