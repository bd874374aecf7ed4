import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startLoad } from '../../support/load.ts';
import { hasPgBouncer, startPgBouncer } from '../../support/pgbouncer.ts';
import { canRunPostgres, startPostgres, type PostgresServer } from '../../support/postgres-server.ts';
import { countBackends, makeToken, startService, type PostgresService } from '../../support/postgres-service.ts';
import { cleanUp, killProcesses } from '../../support/server-process.ts';
import { codeOf } from '../../support/test-server.ts';

/** Sends every key to every server several times, all at once; answers what came back for each key. */
const raceKeys = (services: PostgresService[], keys: string[], purposeOf = (_index: number) => 'Race') =>
  Promise.all(
    keys.map((idempotencyKey) =>
      Promise.all(
        [...services, ...services, ...services].map(({ createSession }, index) =>
          createSession({ idempotencyKey, purpose: purposeOf(index) }),
        ),
      ),
    ),
  );

const makeKeys = (name: string) => Array.from({ length: 30 }, (_, index) => `${name} ${index}`);

describe.skipIf(!canRunPostgres)('several servers on one database', () => {
  let database: PostgresServer;
  let token: string;

  beforeAll(async () => {
    database = await startPostgres();
    token = makeToken();
  });
  afterEach(killProcesses);
  afterAll(async () => {
    await cleanUp();
    await database.remove();
  });

  // A busy machine is slow, and what misses its deadline is refused.
  const startServices = (count: number, url = database.url, environment: Record<string, string> = {}) =>
    Promise.all(
      Array.from({ length: count }, () => startService(url, token, { DATABASE_TIMEOUT_MS: '60000', ...environment })),
    );

  const findSessions = async (keys: string[]) =>
    (await database.query('select id, key from ai_sessions join idempotency_keys on session_id = id'))
      .filter(({ key }) => keys.includes(String(key)))
      .map(({ id }) => id);

  /** Races keys, and tells for how many of them all answers and the database know the same one session. */
  async function countAgreed(services: PostgresService[], keys: string[]): Promise<number> {
    const answers = await raceKeys(services, keys);
    const found = await findSessions(keys);
    expect(found).toHaveLength(keys.length);
    return answers.filter((ofKey) => {
      const [id, ...others] = new Set(ofKey.map(({ data }) => data?.newAISession?.id));
      return others.length === 0 && found.includes(id);
    }).length;
  }

  test('create one session for a key that races across them', async () => {
    expect(await countAgreed(await startServices(3), makeKeys('race'))).toBe(30);
  });

  test('accept one payload and refuse the other when a key races with two', async () => {
    const keys = makeKeys('two payloads');
    const answers = await raceKeys(await startServices(2), keys, (index) => (index % 2 ? 'Sales' : 'Support'));
    const codes = answers.map((ofKey) => ofKey.map((answer) => codeOf(answer) ?? 'none').toSorted());
    expect(codes).toEqual(keys.map(() => [...Array(3).fill('IDEMPOTENCY_KEY_REUSED'), ...Array(3).fill('none')]));
    expect(await findSessions(keys)).toHaveLength(keys.length);
  });

  test('lose nothing when one of them is killed and clients switch to the other', async () => {
    const services = await startServices(2);
    const urls = services.map(({ url }) => url);
    const load = startLoad(urls, token, 'turn');
    await expect.poll(load.countAcknowledged).toBeGreaterThan(100);
    services[0]?.kill('SIGKILL');
    const before = load.countAcknowledged();
    await expect.poll(load.countAcknowledged).toBeGreaterThan(before + 100);
    const counts = await load.finish(database);
    // oxlint-disable-next-line no-console -- the counts are what this test is run for
    console.log(`kill -9 of one server of two: ${JSON.stringify(counts)}`);
    expect(counts).toMatchObject({ refused: 0, lost: 0, doubled: 0, unknown: 0 });
  });

  describe.skipIf(!hasPgBouncer)('behind PgBouncer in transaction mode, with DATABASE_PREPARE=off', () => {
    let pooler: Awaited<ReturnType<typeof startPgBouncer>>;

    beforeAll(async () => {
      pooler = await startPgBouncer(database, 2);
    });
    afterAll(() => pooler.stop());

    test('create one session for a key that races across them, over two connections', async () => {
      const services = await startServices(2, pooler.url, { DATABASE_PREPARE: 'off' });
      expect(await countAgreed(services, makeKeys('pooled'))).toBe(30);
      expect(await countBackends(database)).toBe(2);
    });

    test('are ready, list, change and delete', async () => {
      const [service] = await startServices(1, pooler.url, { DATABASE_PREPARE: 'off' });
      expect(await service?.probe('/ready')).toBe(200);
      const created = await service?.createSession({ purpose: 'Pooled' });
      const id = created?.data.newAISession.id;
      const rounds = Array.from({ length: 20 }, async () => {
        const patch = 'mutation ($id: ID!) { patchAISession(input: { id: $id, purpose: "Changed" }) { purpose } }';
        const list = 'query ($ids: [ID!]) { aiSessions(filter: { ids: $ids }) { edges { node { id } } } }';
        return [await service?.send(patch, { id }), await service?.send(list, { ids: [id] })];
      });
      const answers = (await Promise.all(rounds)).flat();
      expect(answers.map((answer) => answer?.errors)).toEqual(answers.map(() => undefined));
      const deletion = await service?.send('mutation ($id: ID!) { deleteAISession(id: $id) }', { id });
      expect(deletion?.data).toEqual({ deleteAISession: id });
    });
  });
});
