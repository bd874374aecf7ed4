import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLoad } from '../../support/load.ts';
import { canRunPostgres, startPostgres, type PostgresServer } from '../../support/postgres-server.ts';
import {
  countBackends,
  expectFewAttempts,
  makeToken,
  readAtOnce,
  startService,
  summarise,
  unavailable,
  type PostgresService,
} from '../../support/postgres-service.ts';
import { cleanUp } from '../../support/server-process.ts';
import { startProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { codeOf } from '../../support/test-server.ts';

const urlOf = (hosts: { port: number }[]) =>
  `postgres://app@${hosts.map(({ port }) => `127.0.0.1:${port}`).join()}/app`;

// The second is promoted in the last test alone: there is no way back from that.
describe.skipIf(!canRunPostgres)('a DATABASE_URL that names two hosts', () => {
  let first: PostgresServer;
  let second: PostgresServer;
  let proxies: TcpProxy[];
  let token: string;
  let service: PostgresService;

  beforeAll(async () => {
    first = await startPostgres();
    second = await first.startStandby();
    proxies = await Promise.all([first, second].map(({ port }) => startProxy(port)));
    token = makeToken();
    service = await startService(urlOf(proxies), token);
  });
  afterAll(async () => {
    await cleanUp();
    await Promise.all(proxies.map(({ close }) => close()));
    await Promise.all([first.remove(), second.remove()]);
  });

  async function expectBack(): Promise<void> {
    await expect.poll(async () => codeOf(await service.createSession()), { interval: 200 }).toBeUndefined();
  }

  const countOpen = () => proxies.reduce((sum, proxy) => sum + proxy.countOpen(), 0);
  const countConnections = () => proxies.reduce((sum, proxy) => sum + proxy.countConnections(), 0);

  test('uses the host that takes writes, whichever comes first', async () => {
    const other = await startService(urlOf([second, first]), token);
    expect(await other.createSession()).toMatchObject({ status: 200, errors: undefined });
    other.kill('SIGKILL');
    await other.ended;
  });

  test('uses the first again after its connections were ended, and never the second', async () => {
    for (let round = 0; round < 3; round += 1) {
      // The server may make 20 connections at once, to both hosts, and then one every 60 milliseconds.
      await sleep(2000);
      await first.query(`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'`);
      await expect.poll(countOpen).toBe(0);
      // The server has noticed, too, once it answers a request that came later.
      await service.probe('/health');
      expect(new Set(await readAtOnce(service, 10))).toEqual(new Set([undefined]));
    }
    expect(await countBackends(second)).toBe(0);
  });

  test('is unavailable while the first is gone and the second not promoted', async () => {
    await first.stop('immediate');
    const answers = [];
    for (let index = 0; index < 3; index += 1) answers.push(summarise(await service.createSession()));
    const readiness = await service.probe('/ready');
    await first.start();
    expect({ answers, readiness }).toEqual({ answers: Array(3).fill(unavailable), readiness: 503 });
    await expectBack();
  });

  test('tries few connections while neither takes writes', async () => {
    await first.stop('immediate');
    await expectFewAttempts(service, countConnections);
    await first.start();
    await expectBack();
  });

  test('loses nothing that was acknowledged when the first is killed under load and the second promoted', async () => {
    const load = startLoad([service.url], token, 'failover');
    await expect.poll(load.countAcknowledged).toBeGreaterThan(100);
    await first.stop('immediate');
    const [before, retries] = [load.countAcknowledged(), load.countRetries()];
    await expect.poll(load.countRetries).toBeGreaterThan(retries);
    await second.promote();
    await expect.poll(load.countAcknowledged).toBeGreaterThan(before + 100);
    const counts = await load.finish(second);
    // oxlint-disable-next-line no-console -- the counts are what this test is run for
    console.log(`failover: ${JSON.stringify(counts)}`);
    expect(counts).toMatchObject({ refused: 0, lost: 0, doubled: 0, unknown: 0 });
    expect(await service.probe('/ready')).toBe(200);
  });
});
