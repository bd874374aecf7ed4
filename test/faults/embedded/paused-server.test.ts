import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { patience } from '../../support/patience.ts';
import { openRawConnection, type RawConnection } from '../../support/raw-connection.ts';
import { cleanUp, startServer, type ServerProcess } from '../../support/server-process.ts';
import { copyDataFolder } from '../../support/test-database.ts';

const request = 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n';

let server: ServerProcess;

afterAll(cleanUp);

/** Opens a connection and waits until the server has read what it sends. */
async function open(text: string): Promise<RawConnection> {
  const connection = await openRawConnection(server.url);
  connection.send(text);
  await fetch(`${server.url}/health`);
  return connection;
}

// The system holds what arrives while the process gets no time to read it.
describe('a server that was paused for 12 seconds', () => {
  let fresh: RawConnection;
  let begun: RawConnection;
  let kept: RawConnection;
  let slow: RawConnection;
  let scrape: RawConnection;

  beforeAll(async () => {
    server = await startServer({ DATA_DIR: await copyDataFolder(), METRICS_PORT: '0' });
    const metricsUrl = / {2}Metrics +(\S+)/.exec(server.startupLines())?.[1] ?? '';
    scrape = await openRawConnection(metricsUrl);
    await (await fetch(metricsUrl)).text();
    [fresh, begun, kept, slow] = [await open(''), await open('GET /hea'), await open(request), await open('GET /hea')];
    await vi.waitUntil(() => kept.statuses().length === 1, patience);
    server.kill('SIGSTOP');
    fresh.send(request);
    begun.send(request.slice('GET /hea'.length));
    kept.send(request);
    scrape.send(request.replace('/health', '/metrics'));
    await sleep(12_000);
    server.kill('SIGCONT');
  });

  test('answers a request that arrived meanwhile', async () => {
    await expect.poll(fresh.statuses).toEqual([200]);
  });

  test('answers a request that had begun before', async () => {
    await expect.poll(begun.statuses).toEqual([200]);
  });

  test('answers a request on a connection that was kept', async () => {
    await expect.poll(kept.statuses).toEqual([200, 200]);
  });

  test('answers who reads its metrics', async () => {
    await expect.poll(scrape.statuses).toEqual([200]);
  });

  test('still cuts off a client that sends no more', async () => {
    await expect.poll(slow.statuses).toEqual([408]);
    await slow.closed;
  });
});
