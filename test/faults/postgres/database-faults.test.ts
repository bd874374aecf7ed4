import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { canRunPostgres } from '../../support/postgres-server.ts';
import {
  away,
  back,
  expectFewAttempts,
  observe,
  openBench,
  readAtOnce,
  summarise,
  unavailable,
  type Bench,
} from '../../support/postgres-service.ts';

// One server lives through all of these tests: none of the faults may need a restart of it.
describe.skipIf(!canRunPostgres)('the server, when its database fails', () => {
  let bench: Bench;
  let locker: ReturnType<Bench['database']['connect']>;

  beforeAll(async () => {
    bench = await openBench();
  });
  beforeEach(async () => {
    // A test that failed may have left them so.
    await bench.proxy.forward();
    await bench.database.query('select').catch(() => bench.database.start());
    locker = bench.database.connect();
    await readAtOnce(bench.service, 10);
  });
  afterEach(() => locker.end({ timeout: 1 }));
  afterAll(() => bench.close());

  /** Sends a creation and waits until it stands before the lock that `locker` holds. */
  async function createBehindLock(input: object = {}) {
    await locker.unsafe('begin; lock table ai_sessions in exclusive mode');
    const answer = bench.service.createSession(input);
    await expect.poll(bench.countWaiting).toBe(1);
    return { answer };
  }

  test('a backend that is killed in mid-statement makes one request unavailable', async () => {
    const { answer } = await createBehindLock();
    await bench.endBackends();
    expect(summarise(await answer)).toEqual(unavailable);
    await locker.unsafe('rollback');
    expect(await observe(bench.service)).toEqual(back);
  });

  test('later requests succeed after a backend was killed in mid-statement', async () => {
    const { answer } = await createBehindLock();
    await bench.endBackends();
    await answer;
    await locker.unsafe('rollback');
    expect(new Set(await readAtOnce(bench.service, 10))).toEqual(new Set([undefined]));
  });

  test('idle connections that were all reset are replaced before a request fails', async () => {
    for (let round = 0; round < 3; round += 1) {
      bench.proxy.cut();
      // The server has noticed once it answers a request that came later.
      await bench.service.probe('/health');
      expect(new Set(await readAtOnce(bench.service, 10))).toEqual(new Set([undefined]));
    }
  });

  test.each(['fast', 'immediate'] as const)(
    'a PostgreSQL stopped in mode %s makes the service unavailable until it is back',
    async (mode) => {
      await bench.database.stop(mode);
      expect(await observe(bench.service)).toEqual(away);
      await bench.database.start();
      expect(await observe(bench.service)).toEqual(back);
    },
  );

  test('a statement that is running at an immediate stop is answered SERVICE_UNAVAILABLE', async () => {
    const { answer } = await createBehindLock();
    await bench.database.stop('immediate');
    expect(summarise(await answer)).toEqual(unavailable);
    await bench.database.start();
    expect(await observe(bench.service)).toEqual(back);
  });

  test('refused connections make the service unavailable until they succeed', async () => {
    await bench.proxy.refuse();
    expect(await observe(bench.service)).toEqual(away);
    await bench.proxy.forward();
    expect(await observe(bench.service)).toEqual(back);
  });

  test('connections that are accepted and never answered are abandoned', async () => {
    bench.proxy.stall();
    bench.proxy.cut();
    expect(await observe(bench.service)).toEqual(away);
    await bench.proxy.forward();
    expect(await observe(bench.service)).toEqual(back);
  });

  test('connections whose packets are dropped are abandoned', async () => {
    bench.proxy.stall();
    expect(await observe(bench.service)).toEqual(away);
    await bench.proxy.forward();
    expect(await observe(bench.service)).toEqual(back);
  });

  test('a retry with the same key finds the session whose answer was lost', async () => {
    const input = { idempotencyKey: 'lost', purpose: 'Lost' };
    const { answer } = await createBehindLock(input);
    bench.proxy.dropAnswers();
    await locker.unsafe('rollback');
    expect(summarise(await answer)).toEqual(unavailable);
    const retry = await bench.service.createSession(input);
    expect(retry).toMatchObject({ status: 200, data: { newAISession: { purpose: 'Lost' } } });
    expect(
      await bench.database.query(
        `select id from ai_sessions join idempotency_keys on session_id = id where key = 'lost'`,
      ),
    ).toEqual([{ id: retry.data.newAISession.id }]);
  });

  test('connections that are closed at their start make the service unavailable until they stay open', async () => {
    bench.proxy.closeAtStart();
    expect(await observe(bench.service)).toEqual(away);
    await bench.proxy.forward();
    expect(await observe(bench.service)).toEqual(back);
  });

  test('too many connections make the service unavailable until there are fewer', async () => {
    await bench.changeRole('connection limit 0');
    expect(await observe(bench.service)).toEqual(away);
    await bench.changeRole('connection limit -1');
    expect(await observe(bench.service)).toEqual(back);
  });

  test.each([4, 5, 16])('the first request after %i that were refused succeeds', async (count) => {
    await bench.proxy.refuse();
    for (let index = 0; index < count; index += 1) await readAtOnce(bench.service, 1);
    await bench.proxy.forward();
    expect(await observe(bench.service)).toEqual(back);
  });

  test.each(['stop', 'closeAtStart', 'stall'] as const)(
    'after "%s" the server tries few connections, however many requests come',
    async (fault) => {
      await (fault === 'stop' ? bench.database.stop('fast') : bench.proxy[fault]());
      await expectFewAttempts(bench.service, bench.proxy.countConnections);
      await (fault === 'stop' ? bench.database.start() : bench.proxy.forward());
      expect(await observe(bench.service)).toEqual(back);
    },
  );
});
