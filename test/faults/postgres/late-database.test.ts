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
  await database.drop();
});

/** The URL of the database by way of another port. */
function throughPort(port: number): string {
  const url = new URL(database.url);
  url.host = `127.0.0.1:${port}`;
  return url.href;
}

test('the server waits for a database that is still starting, and logs that it waits', async () => {
  const port = await findFreePort();
  const { hostname: targetHost, port: target } = new URL(database.url);
  const openWhenMissed = (output: string) => {
    if (/(?:"msg":"waiting for the database[^]*){2}/.test(output))
      opening ??= startProxy(Number(target || '5432'), { port, targetHost });
  };
  const { url, output } = await startServer({ DATABASE_URL: throughPort(port), AUTH_SECRET: secret }, openWhenMissed);
  expect(output()).toMatch(/"msg":"waiting for the database[^\n]*\n[^]*AI Sessions is ready/);
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
