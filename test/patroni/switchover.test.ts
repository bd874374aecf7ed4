import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLoad } from '../support/load.ts';
import { makeToken, startService, type PostgresService } from '../support/postgres-service.ts';
import { cleanUp } from '../support/server-process.ts';
import { createCluster } from './cluster.ts';

describe('two servers on a cluster of Patroni, under load', () => {
  const cluster = createCluster();
  const token = makeToken();
  let services: PostgresService[];

  beforeAll(async () => {
    const url = await cluster.start();
    services = await Promise.all(
      [1, 2].map(() => startService(url, token, { LOG_LEVEL: 'warn', DATABASE_TIMEOUT_MS: '1000' })),
    );
  });
  afterAll(async () => {
    await cleanUp();
    await cluster.remove();
  });

  /** Changes the leader under load, and counts the sessions that the new one has. */
  async function countAfter(name: string, changeLeader: () => Promise<void>) {
    await cluster.settle();
    const urls = services.map(({ url }) => url);
    const load = startLoad(urls, token, name);
    await expect.poll(load.countAcknowledged).toBeGreaterThan(100);
    await changeLeader();
    const before = load.countAcknowledged();
    await expect.poll(load.countAcknowledged).toBeGreaterThan(before + 100);
    const counts = await load.finish(cluster);
    // oxlint-disable-next-line no-console -- the counts are what this test is run for
    console.log(`${name}: ${JSON.stringify(counts)}`);
    return counts;
  }

  const nothingLost = { refused: 0, lost: 0, doubled: 0, unknown: 0 };
  const probe = () => Promise.all(services.map((service) => service.probe('/ready')));

  test('lose nothing that was acknowledged in a switchover', async () => {
    expect(await countAfter('switchover', cluster.switchOver)).toMatchObject(nothingLost);
    expect(await probe()).toEqual([200, 200]);
  });

  test('lose nothing that was acknowledged when the leader is killed', async () => {
    expect(await countAfter('kill -9 of the leader', cluster.killLeader)).toMatchObject(nothingLost);
    expect(await probe()).toEqual([200, 200]);
  });
});
