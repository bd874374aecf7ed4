import type { ChildProcess, StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { patience } from '../../support/patience.ts';
import { openRawConnection } from '../../support/raw-connection.ts';
import { findFreePort, spawnScript } from '../../support/server-process.ts';
import { secret, sign } from '../../support/sign-token.ts';
import { copyDataFolder } from '../../support/test-database.ts';

const children: ChildProcess[] = [];
let folder: string;

// Every test starts a process on the same one.
beforeAll(async () => {
  folder = await copyDataFolder();
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

/** Starts the server with a stdout that this test minds itself, and waits until it answers. */
async function startWith(stdio: StdioOptions, environment: Record<string, string> = {}) {
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawnScript(
    'src/main.ts',
    [],
    { DATA_DIR: folder, PORT: String(port), AUTH_SECRET: secret, ...environment },
    stdio,
  );
  children.push(child);
  const isReady = () =>
    fetch(`${url}/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  await vi.waitUntil(isReady, patience);
  return { child, url };
}

/** A user whose id takes 1.5 kB in JSON. */
const headers = `Host: test\r\nAuthorization: Bearer ${sign({ sub: '\u0001'.repeat(255) })}\r\n`;
const request = `GET /graphql?query={__typename} HTTP/1.1\r\n${headers}`;

/** Sends requests, each of which makes a line of more than 1.5 kB, and waits for their responses. */
async function sendLongRequests(url: string, count: number): Promise<void> {
  const times = 25;
  for (let sent = 0; sent < count; sent += times) {
    const { send, closed, statuses } = await openRawConnection(url);
    send(`${`${request}\r\n`.repeat(times - 1)}${request}Connection: close\r\n\r\n`);
    await closed;
    expect(statuses()).toEqual(Array(times).fill(200));
  }
}

async function endWithin(child: ChildProcess, seconds: number) {
  const ended = once(child, 'close').then(([code]: unknown[]) => code);
  return Promise.race([ended, sleep(seconds * 1000, 'still running', { ref: false })]);
}

describe('a log that nobody reads', () => {
  const unread: StdioOptions = ['ignore', 'pipe', 'ignore'];

  test('keeps no request from its answer, nor SIGTERM from ending the process with 0', async () => {
    const { child, url } = await startWith(unread);
    await sendLongRequests(url, 500);
    child.kill('SIGTERM');
    expect(await endWithin(child, 9)).toBe(0);
  });

  test('keeps no second SIGTERM from ending the process at once', async () => {
    const { child, url } = await startWith(unread, { SHUTDOWN_DELAY_MS: '7000' });
    await sendLongRequests(url, 500);
    child.kill('SIGTERM');
    await sleep(600);
    child.kill('SIGTERM');
    expect(await endWithin(child, 5)).toBe(1);
  });

  test('keeps no fatal error from ending the process', async () => {
    const module = encodeURIComponent(`process.on('SIGUSR2', () => { throw new Error('a fault of ours') })`);
    const { child, url } = await startWith(unread, { NODE_OPTIONS: `--import data:text/javascript,${module}` });
    await sendLongRequests(url, 500);
    child.kill('SIGUSR2');
    expect(await endWithin(child, 9)).toBe(1);
  });
});

describe('a log that is read again', () => {
  let output = '';
  let code: unknown;

  beforeAll(async () => {
    const { child, url } = await startWith(['ignore', 'pipe', 'ignore']);
    await sendLongRequests(url, 12_500);
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await vi.waitUntil(() => /"\d+ log lines were dropped"/.test(output), patience);
    child.kill('SIGTERM');
    code = await endWithin(child, 9);
  });

  test('tells at once how many lines were dropped', () => {
    const written = output.match(/"path":"\/graphql".*"msg":"request"/g) ?? [];
    const dropped = Array.from(output.matchAll(/"(\d+) log lines were dropped"/g), ([, count]) => Number(count));
    expect(dropped[0]).toBeGreaterThan(100);
    expect(written.length + dropped.reduce((sum, count) => sum + count)).toBe(12_500);
  });

  test('has the last lines before an orderly end', () => {
    expect(code).toBe(0);
    expect(output).toMatch(/"msg":"stopping"[^]*"msg":"stopped"\}\n$/);
  });
});

test('a log on a full disk keeps no request from its answer, nor SIGTERM from ending the process with 0', async () => {
  const full = await open('/dev/full', 'w');
  const { child, url } = await startWith(['ignore', full.fd, 'ignore']);
  await full.close();
  await sendLongRequests(url, 50);
  child.kill('SIGTERM');
  expect(await endWithin(child, 9)).toBe(0);
});
