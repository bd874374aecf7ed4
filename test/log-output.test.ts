import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { cleanUp, findFreePort, makeFolder, startServer } from './server-process.ts';

const root = path.join(import.meta.dirname, '..');
const patience = { timeout: 20_000 };
const children: ChildProcess[] = [];
let folder: string;

// Making a database takes seconds, so every test starts a process on the same one.
beforeAll(async () => {
  folder = await makeFolder();
  const { kill, ended } = await startServer({ DATA_DIR: folder });
  kill('SIGTERM');
  await ended;
}, 90_000);
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});
afterAll(cleanUp);

/** Starts the server with a stdout that this test minds itself, and waits until it answers. */
async function startWith(stdio: StdioOptions, environment: Record<string, string> = {}) {
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const env = { PATH: process.env['PATH'], DATA_DIR: folder, PORT: String(port), ...environment };
  const child = spawn(process.execPath, ['src/main.ts'], { cwd: root, stdio, env });
  children.push(child);
  const isAlive = () =>
    fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  await expect.poll(isAlive, patience).toBe(true);
  return { child, url };
}

/** Sends requests, each of which makes a line of more than 8 kB. */
async function sendLongRequests(url: string, count: number): Promise<void> {
  const name = 'x'.repeat(8000);
  for (let sent = 0; sent < count; sent += 50) {
    await Promise.all(Array.from({ length: 50 }, () => fetch(`${url}/${name}`).then((answer) => answer.text())));
  }
}

async function endWithin(child: ChildProcess, seconds: number) {
  const ended = once(child, 'exit').then(([code]: unknown[]) => code);
  return Promise.race([ended, sleep(seconds * 1000, 'still running', { ref: false })]);
}

describe('a log that nobody reads', () => {
  const unread: StdioOptions = ['ignore', 'pipe', 'inherit'];

  test('keeps no request from its answer, nor SIGTERM from ending the process with 0', async () => {
    const { child, url } = await startWith(unread);
    await sendLongRequests(url, 200);
    child.kill('SIGTERM');
    expect(await endWithin(child, 9)).toBe(0);
  });

  test('keeps no second SIGTERM from ending the process at once', async () => {
    const { child, url } = await startWith(unread, { SHUTDOWN_DELAY_MS: '7000' });
    await sendLongRequests(url, 200);
    child.kill('SIGTERM');
    await sleep(600);
    child.kill('SIGTERM');
    expect(await endWithin(child, 5)).toBe(1);
  });

  test('keeps no fatal error from ending the process', async () => {
    const module = encodeURIComponent(`process.on('SIGUSR2', () => { throw new Error('a fault of ours') })`);
    const { child, url } = await startWith(unread, { NODE_OPTIONS: `--import data:text/javascript,${module}` });
    await sendLongRequests(url, 200);
    child.kill('SIGUSR2');
    expect(await endWithin(child, 9)).toBe(1);
  });

  test('tells how many lines were dropped as soon as somebody reads again', async () => {
    const { child, url } = await startWith(unread);
    let output = '';
    await sendLongRequests(url, 2500);
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await expect.poll(() => output, patience).toMatch(/"\d+ log lines were dropped"/);
    child.kill('SIGTERM');
    expect(await endWithin(child, 9)).toBe(0);
    const written = output.match(/"path":"\/x+".*"msg":"request"/g) ?? [];
    const dropped = Array.from(output.matchAll(/"(\d+) log lines were dropped"/g), ([, count]) => Number(count));
    expect(dropped[0]).toBeGreaterThan(100);
    expect(written.length + dropped.reduce((sum, count) => sum + count)).toBe(2500);
  });
});

test('a log on a full disk keeps no request from its answer, nor SIGTERM from ending the process with 0', async () => {
  const full = await open('/dev/full', 'w');
  const { child, url } = await startWith(['ignore', full.fd, 'inherit']);
  await full.close();
  await sendLongRequests(url, 50);
  child.kill('SIGTERM');
  expect(await endWithin(child, 9)).toBe(0);
});

test('the last lines before an orderly end are written', async () => {
  const { child } = await startWith(['ignore', 'pipe', 'inherit']);
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.kill('SIGTERM');
  await once(child, 'close');
  expect(output).toMatch(/"msg":"stopping"[^]*"msg":"stopped"\}\n$/);
});
