import { once } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { patience } from '../../support/patience.ts';
import { cleanUp, findFreePort, spawnScript, startServer } from '../../support/server-process.ts';
import { secret } from '../../support/sign-token.ts';
import { startProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { createMigratedDatabase } from '../../support/test-database.ts';

const { TEST_DATABASE_URL = '' } = process.env;

let database: { url: string; drop: () => Promise<void> };
let opening: Promise<TcpProxy> | undefined;

beforeEach(async () => {
  database = await createMigratedDatabase(TEST_DATABASE_URL);
});
afterEach(async () => {
  await cleanUp();
  await (await opening)?.close();
  opening = undefined;
  await database.drop();
});

/** The URL of the database by way of another port. */
function throughPort(port: number): string {
  const url = new URL(database.url);
  url.host = `127.0.0.1:${port}`;
  return url.href;
}

test('the server waits for a database that is still starting, logs that it waits, and is alive but not ready', async () => {
  const PORT = String(await findFreePort());
  const probes: Promise<unknown>[] = [];
  const probe = async (route: string) => {
    const response = await fetch(`http://127.0.0.1:${PORT}${route}`);
    return [response.status, await response.json()];
  };
  const port = await findFreePort();
  const { hostname: targetHost, port: target } = new URL(database.url);
  const openWhenMissed = async (output: string) => {
    if (probes.length === 0 && output.includes('waiting for the database'))
      probes.push(...['/health', '/ready', '/graphql', '/ai/sessions', '/'].map(probe));
    await Promise.all(probes);
    if (/(?:"msg":"waiting for the database[^]*){2}/.test(output))
      opening ??= startProxy(Number(target || '5432'), { port, targetHost });
  };
  const environment = { DATABASE_URL: throughPort(port), AUTH_SECRET: secret, PORT };
  const { url, output } = await startServer(environment, openWhenMissed);
  await expect.poll(output).toMatch(/"msg":"waiting for the database[^\n]*\n[^]*"msg":"ready"/);
  const message = 'The server is starting: waiting for the database. Try again soon.';
  expect(await Promise.all(probes)).toEqual([
    [200, { status: 'alive' }],
    [503, { status: 'waiting for the database' }],
    [503, { errors: [{ message, extensions: { code: 'SERVICE_UNAVAILABLE', retryAfter: 2 } }] }],
    [503, { responseStatus: { errorCode: 'ServiceUnavailable', message, errors: [] } }],
    [503, { message }],
  ]);
  const response = await fetch(`${url}/ready`);
  expect(response.status).toBe(200);
});

test('SIGTERM while the server waits for the database ends it within a second, with code 0', async () => {
  const environment = { DATABASE_URL: throughPort(await findFreePort()), AUTH_SECRET: secret };
  const child = spawnScript('src/main.ts', [], environment, ['ignore', 'pipe', 'inherit']);
  const ended = once(child, 'exit');
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await vi.waitUntil(() => output.includes('waiting for the database'), patience);
  const start = performance.now();
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  expect(performance.now() - start).toBeLessThan(1000);
});
