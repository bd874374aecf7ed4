import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startLoad } from './load.ts';
import { canRunPostgres, startPostgres, type PostgresServer } from './postgres-server.ts';
import { expectUnavailable, makeToken, migrate, startService, type PostgresService } from './postgres-service.ts';
import { cleanUp } from './server-process.ts';

describe.skipIf(!canRunPostgres)('a DATABASE_URL that names two hosts', () => {
  let first: PostgresServer;
  let second: PostgresServer;
  let token: string;
  let service: PostgresService;

  beforeAll(async () => {
    token = await makeToken();
  });
  beforeEach(async () => {
    first = await startPostgres();
    await migrate(first.url);
    second = await first.startStandby();
    service = await startService(`postgres://app@127.0.0.1:${first.port},127.0.0.1:${second.port}/app`, token);
  });
  afterEach(async () => {
    await cleanUp();
    await Promise.all([first.remove(), second.remove()]);
  });

  const endBackends = () =>
    first.query(`select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = 'app'`);

  const countBackends = async ({ query }: PostgresServer) => {
    const [row] = await query(`select count(*)::int from pg_stat_activity where usename = 'app'`);
    return row?.['count'];
  };

  test('loses nothing that was acknowledged when the first is killed under load and the second promoted', async () => {
    const load = startLoad(`${service.url}/graphql`, token, 'failover');
    await expect.poll(load.countAcknowledged, { timeout: 10_000 }).toBeGreaterThan(100);
    await first.stop('immediate');
    const before = load.countAcknowledged();
    await second.promote();
    await expect.poll(load.countAcknowledged, { timeout: 15_000 }).toBeGreaterThan(before + 100);
    const counts = await load.finish(second);
    // oxlint-disable-next-line no-console -- the counts are what this test is run for
    console.log(`failover: ${JSON.stringify(counts)}`);
    expect(counts).toMatchObject({ refused: 0, lost: 0, doubled: 0, unknown: 0 });
  });

  test('is unavailable while the first is gone and the second not promoted yet', async () => {
    await service.createSession();
    await first.stop('immediate');
    for (let index = 0; index < 3; index += 1) await expectUnavailable(service, await service.createSession());
    await second.promote();
    await expect.poll(async () => (await service.createSession()).status, { timeout: 5000 }).toBe(200);
    expect(await service.probe('/ready')).toBe(200);
  });

  test('is not ready while only the standby answers', async () => {
    await first.stop('immediate');
    await service.createSession();
    expect(await service.probe('/ready')).toBe(503);
  });

  test('keeps to the first after its connections were ended', async () => {
    for (let round = 0; round < 3; round += 1) {
      await endBackends();
      const answers = await Promise.all([service.send('{ accounts { totalCount } }'), service.createSession()]);
      expect(answers).toMatchObject([{ status: 200 }, { status: 200 }]);
    }
    expect(await countBackends(second)).toBe(0);
  });

  test('starts with the host that takes writes, whichever stands first', async () => {
    const other = await startService(`postgres://app@127.0.0.1:${second.port},127.0.0.1:${first.port}/app`, token);
    expect(await other.createSession()).toMatchObject({ status: 200 });
  });
});
