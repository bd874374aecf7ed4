import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { startLoad, type Load } from '../../support/load.ts';
import { canRunPostgres, startPostgres, type PostgresServer } from '../../support/postgres-server.ts';
import { databaseTimeoutMs, makeToken, startService, type PostgresService } from '../../support/postgres-service.ts';
import { cleanUp, findFreePort } from '../../support/server-process.ts';
import { startProxy, type TcpProxy } from '../../support/tcp-proxy.ts';

const times = inject('isLong') ? 10 : 2;

/** Waits until a client has had to retry. */
async function waitUntilNoticed({ countRetries }: Load): Promise<void> {
  const before = countRetries();
  await expect.poll(countRetries).toBeGreaterThan(before);
}

describe.skipIf(!canRunPostgres)('under load, what was acknowledged is there exactly once', () => {
  const token = makeToken();
  let database: PostgresServer;
  let proxy: TcpProxy;
  let service: PostgresService;
  let start: () => Promise<PostgresService>;

  beforeEach(async () => {
    database = await startPostgres();
    proxy = await startProxy(database.port);
    const url = new URL(database.url);
    url.port = String(proxy.port);
    // Clients find the server at the same address after it was killed.
    const PORT = String(await findFreePort());
    start = () => startService(url.href, token, { PORT, DATABASE_POOL_SIZE: '5', LOG_LEVEL: 'warn' });
    service = await start();
  });
  afterEach(async () => {
    await cleanUp();
    await proxy.close();
    await database.remove();
  });

  /** Repeats a fault under load, and counts the sessions that are left. */
  async function countAfter(name: string, fault: (load: Load) => Promise<unknown>) {
    const load = startLoad([service.url], token, name);
    for (let time = 1; time <= times; time += 1) {
      const before = load.countAcknowledged();
      // Each fault hits a service that has recovered from the one before.
      await expect.poll(load.countAcknowledged).toBeGreaterThan(before + 20);
      await fault(load);
    }
    const counts = await load.finish(database);
    // oxlint-disable-next-line no-console -- the counts are what these tests are run for
    console.log(`${name}, ${times} times: ${JSON.stringify(counts)}`);
    return counts;
  }

  const nothingLost = { refused: 0, lost: 0, doubled: 0, unknown: 0 };

  test('after kills of the server', { timeout: 600_000 }, async () => {
    const counts = await countAfter('kill -9 of the server', async (load) => {
      service.kill('SIGKILL');
      await service.ended;
      await waitUntilNoticed(load);
      service = await start();
    });
    expect(counts).toMatchObject(nothingLost);
    expect(counts.retries).toBeGreaterThanOrEqual(times);
  });

  test('after immediate stops of PostgreSQL', { timeout: 600_000 }, async () => {
    const counts = await countAfter('immediate stop of PostgreSQL', async (load) => {
      await database.stop('immediate');
      await waitUntilNoticed(load);
      await database.start();
    });
    expect(counts).toMatchObject(nothingLost);
    expect(counts.retries).toBeGreaterThanOrEqual(times);
  });

  test('after stalls of the network that outlast the deadline', { timeout: 600_000 }, async () => {
    const counts = await countAfter('stall of the network', async (load) => {
      proxy.stall();
      await sleep(databaseTimeoutMs);
      await waitUntilNoticed(load);
      await proxy.forward();
    });
    expect(counts).toMatchObject(nothingLost);
    expect(counts.retries).toBeGreaterThanOrEqual(times);
  });
});
