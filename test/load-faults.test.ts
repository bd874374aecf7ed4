import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { startLoad } from './load.ts';
import { canRunPostgres, startPostgres, type PostgresServer } from './postgres-server.ts';
import { databaseTimeoutMs, makeToken, migrate, startService, type PostgresService } from './postgres-service.ts';
import { cleanUp, findFreePort } from './server-process.ts';
import { startProxy, type TcpProxy } from './tcp-proxy.ts';

const times = inject('isLong') ? 10 : 3;

describe.skipIf(!canRunPostgres)('under load, what was acknowledged is there exactly once', () => {
  let database: PostgresServer;
  let proxy: TcpProxy;
  let service: PostgresService;
  let token: string;
  let start: () => Promise<PostgresService>;

  beforeAll(async () => {
    database = await startPostgres();
    proxy = await startProxy(database.port);
    const url = new URL(database.url);
    url.port = String(proxy.port);
    await migrate(url.href);
    token = await makeToken();
    // Clients find the server at the same address after it was killed.
    const PORT = String(await findFreePort());
    start = () => startService(url.href, token, { PORT, DATABASE_POOL_SIZE: '5', LOG_LEVEL: 'warn' });
    service = await start();
  });
  beforeEach(() => proxy.forward());
  afterAll(async () => {
    await cleanUp();
    await proxy.close();
    await database.remove();
  });

  /** Lets `fault` happen time and again under load, and counts what is left. */
  async function countAfter(name: string, fault: () => Promise<unknown>) {
    const load = startLoad([service.url], token, name);
    for (let time = 1; time <= times; time += 1) {
      const before = load.countAcknowledged();
      // Each fault hits a service that works again, not the ruins of the one before.
      await expect.poll(load.countAcknowledged, { timeout: 15_000 }).toBeGreaterThan(before + 20);
      await fault();
    }
    const counts = await load.finish(database);
    // oxlint-disable-next-line no-console -- the counts are what these tests are run for
    console.log(`${name}, ${times} times: ${JSON.stringify(counts)}`);
    return counts;
  }

  const nothingLost = { refused: 0, lost: 0, doubled: 0, unknown: 0 };

  test('after kills of the server', { timeout: 60_000 }, async () => {
    const counts = await countAfter('kill -9 of the server', async () => {
      service.kill('SIGKILL');
      await service.ended;
      service = await start();
    });
    expect(counts).toMatchObject(nothingLost);
    expect(counts.retries).toBeGreaterThanOrEqual(times);
  });

  test('after immediate stops of PostgreSQL', { timeout: 60_000 }, async () => {
    const counts = await countAfter('immediate stop of PostgreSQL', async () => {
      await database.stop('immediate');
      await database.start();
    });
    expect(counts).toMatchObject(nothingLost);
    expect(counts.retries).toBeGreaterThanOrEqual(times);
  });

  test('after stalls of the network that outlast the deadline', { timeout: 60_000 }, async () => {
    const counts = await countAfter('stall of the network', async () => {
      proxy.stall();
      await sleep(databaseTimeoutMs + 300);
      await proxy.forward();
    });
    expect(counts).toMatchObject(nothingLost);
    expect(counts.retries).toBeGreaterThanOrEqual(times);
  });
});
