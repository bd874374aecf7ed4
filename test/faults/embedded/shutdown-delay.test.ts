import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { patience } from '../../support/patience.ts';
import { openRawConnection, type RawConnection } from '../../support/raw-connection.ts';
import { cleanUp, killProcesses, startServer, type ServerProcess } from '../../support/server-process.ts';
import { copyDataFolder } from '../../support/test-database.ts';
import { createSession } from '../../support/test-server.ts';

const cleanEnd = { code: 0, signal: null, stderr: '' };

afterAll(cleanUp);

const start = async (delayMs: number) =>
  startServer({ DATA_DIR: await copyDataFolder(), SHUTDOWN_DELAY_MS: String(delayMs) });

/** Sends a request on a connection, and answers what came back. */
async function request({ send, received }: RawConnection): Promise<string> {
  const before = received().length;
  send('GET /health HTTP/1.1\r\nHost: test\r\n\r\n');
  await vi.waitUntil(() => received().slice(before).includes('alive"}'), patience);
  return received().slice(before);
}

/** Waits until /ready says that the signal has arrived. */
async function untilStopping({ url }: ServerProcess): Promise<void> {
  await vi.waitUntil(async () => (await fetch(`${url}/ready`)).status === 503, patience);
}

describe('during the delay', () => {
  let server: ServerProcess;
  let old: RawConnection;

  beforeAll(async () => {
    server = await start(7000);
    old = await openRawConnection(server.url);
    await request(old);
    server.kill('SIGTERM');
    await untilStopping(server);
  });
  afterAll(killProcesses);

  test('/ready says 503, and requests are answered on old connections and new ones, which stay open', async () => {
    expect((await fetch(`${server.url}/ready`)).status).toBe(503);
    const late = await openRawConnection(server.url);
    for (const connection of [old, late, old, late]) {
      const answer = await request(connection);
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
      expect(answer).not.toMatch(/connection: close/i);
    }
    expect((await createSession(server, { purpose: 'Late' })).data.newAISession).toMatchObject({ purpose: 'Late' });
  });

  test('a second signal ends the process at once', async () => {
    await sleep(500);
    const since = performance.now();
    server.kill('SIGTERM');
    expect(await server.ended).toMatchObject({ code: 1 });
    expect(performance.now() - since).toBeLessThan(5000);
  });
});

describe.concurrent('a stop', () => {
  test('after the delay, a connection is closed with its next answer, and no new one is taken', async () => {
    const server = await start(1500);
    const connection = await openRawConnection(server.url);
    await request(connection);
    // Half a request keeps the connection from being closed as idle.
    connection.send('GET /health HTTP/1.1\r\n');
    server.kill('SIGTERM');
    const isRefused = () =>
      fetch(`${server.url}/health`, { headers: { Connection: 'close' } }).then(
        () => false,
        () => true,
      );
    await vi.waitUntil(isRefused, { ...patience, interval: 20 });
    connection.send('Host: test\r\n\r\n');
    await connection.closed;
    expect(connection.statuses()).toEqual([200, 200]);
    expect(connection.received()).toMatch(/connection: close[^]*alive"\}/i);
    expect(await server.ended).toMatchObject(cleanEnd);
  });

  test('the longest delay and a client that never ends its request leave 10 seconds in all', async () => {
    const server = await start(7000);
    const slow = await openRawConnection(server.url);
    server.kill('SIGTERM');
    const since = performance.now();
    await sleep(6000);
    slow.send('POST /graphql HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\n{');
    expect(await server.ended).toMatchObject(cleanEnd);
    expect(performance.now() - since).toBeLessThan(10_000);
  }, 60_000);

  test('SIGHUP lets a running request finish, then ends the process with code 0', async () => {
    const server = await start(0);
    const running = await openRawConnection(server.url);
    running.send('GET /health HTTP/1.1\r\nHost: test\r\n');
    // Until another request has been answered, the server may not have read this one.
    await fetch(`${server.url}/health`);
    server.kill('SIGHUP');
    await sleep(500);
    running.send('\r\n');
    await vi.waitFor(() => expect(running.received()).toMatch(/^HTTP\/1\.1 200 /), patience);
    expect(await server.ended).toMatchObject(cleanEnd);
  });
});
