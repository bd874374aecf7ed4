import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { GraphQLAnswer } from '../../support/graphql.ts';
import { canRunPostgres, startPostgres, type PostgresServer } from '../../support/postgres-server.ts';
import { countBackends, countWaiting, endBackends } from '../../support/postgres-service.ts';
import { makeToken, startService, type PostgresService } from '../../support/postgres-service.ts';
import { cleanUp, killProcesses } from '../../support/server-process.ts';
import { sign } from '../../support/sign-token.ts';
import { startProxy, type TcpProxy } from '../../support/tcp-proxy.ts';

const slowReads = (count: number) =>
  `{ ${Array.from({ length: count }, (_, index) => `a${index}: accounts(nameContains: "x") { totalCount }`).join(' ')} }`;

/** Sends slow reads as each of the users. They outlast the test, which does not wait for them. */
function readSlowly(service: PostgresService, ...users: string[]): void {
  for (const user of users) sendAs(user, service, slowReads(15)).catch(() => {});
}

/** Sends an operation as another user. */
function sendAs(user: string, service: PostgresService, query: string): Promise<GraphQLAnswer> {
  return service.graphql(query, {}, { token: sign({ sub: user }) });
}

describe.skipIf(!canRunPostgres)('while reads are slow', () => {
  let database: PostgresServer;
  let proxy: TcpProxy;
  let url: string;
  let token: string;

  beforeAll(async () => {
    database = await startPostgres();
    token = makeToken();
    // A search by name takes longer than any deadline: the service sees this function before PostgreSQL's own.
    await database.query(`
      create schema slow;
      create function slow.lower(text) returns text language plpgsql as $$ begin
        perform pg_sleep(60);
        return $1;
      end $$;
      grant usage on schema slow to app;
      alter role app set search_path = slow, pg_catalog, public;
      insert into accounts select id, to_timestamp(1730616042.309), now(), 'alice', 'alice', 'Acme'
        from (values ('0192f0c1-2345-7000-8000-000000000001'::uuid)) as new (id)`);
  });
  beforeEach(async () => {
    proxy = await startProxy(database.port);
    url = database.url.replace(/:\d+\//, `:${proxy.port}/`);
  });
  afterEach(async () => {
    await killProcesses();
    await endBackends(database);
    await proxy.close();
  });
  afterAll(async () => {
    await cleanUp();
    await database.remove();
  });

  const countSleeping = () => countBackends(database, `wait_event = 'PgSleep'`);

  const listPids = async () =>
    (await database.query(`select pid from pg_stat_activity where usename = 'app' order by pid`)).map(({ pid }) => pid);

  const start = (environment: Record<string, string>) => startService(url, token, environment);

  test.each([
    ['on', 'reset statement_timeout'],
    ['off and a statement_timeout of the role', 'set statement_timeout = 2700'],
  ])('with DATABASE_PREPARE=%s, PostgreSQL ends them, and the connections stay', async (prepare, change) => {
    await database.query(`alter role app ${change}`);
    const DATABASE_PREPARE = prepare.split(' ')[0] ?? '';
    const service = await start({ DATABASE_POOL_SIZE: '5', DATABASE_PREPARE });
    const answer = service.send(slowReads(15));
    await expect.poll(countSleeping, { interval: 20, timeout: 4500 }).toBe(2);
    const before = await listPids();
    expect((await answer).errors?.[0]?.extensions.code).toBe('SERVICE_UNAVAILABLE');
    await expect.poll(countSleeping, { timeout: 6000 }).toBe(0);
    expect(await listPids()).toEqual(before);
    await database.query('alter role app reset statement_timeout');
  });

  test('there are never more connections than the pool has places', async () => {
    const service = await start({ DATABASE_POOL_SIZE: '4' });
    let mostBackends = 0;
    for (let round = 0; round < 3; round += 1) {
      const answers = ['alice', 'bob', 'carol'].map((user) => sendAs(user, service, slowReads(15)));
      const isOver = Promise.all(answers).then(() => true);
      while (!(await Promise.race([isOver, new Promise<false>((resolve) => setTimeout(resolve, 20, false))]))) {
        mostBackends = Math.max(mostBackends, await countBackends(database));
      }
    }
    expect(mostBackends).toBeGreaterThan(1);
    expect(mostBackends).toBeLessThanOrEqual(4);
    expect(proxy.countOpenAtPeak()).toBeLessThanOrEqual(4);
  });

  test('of several users, sessions are created and found, and the server is ready', async () => {
    const service = await start({ DATABASE_POOL_SIZE: '5', DATABASE_TIMEOUT_MS: '10000' });
    readSlowly(service, 'alice', 'bob', 'carol');
    await expect.poll(countSleeping, { interval: 20, timeout: 4500 }).toBe(3);
    const creation = await service.createSession();
    const { id } = creation.data.newAISession;
    const found = await service.send('query ($id: ID!) { aiSession(id: $id) { id } }', { id });
    const readiness = await service.probe('/ready');
    const sleeping = await countSleeping();
    expect(creation.errors).toBeUndefined();
    expect(found.data).toEqual({ aiSession: { id } });
    expect(readiness).toBe(200);
    expect(sleeping).toBe(3);
  });

  test('of one user, others read, and create accounts and sessions with keys', async () => {
    const service = await start({ DATABASE_POOL_SIZE: '4', DATABASE_TIMEOUT_MS: '10000' });
    readSlowly(service, 'alice');
    await expect.poll(countSleeping, { interval: 20, timeout: 4500 }).toBe(1);
    const creation = 'mutation { newAISession(input: { idempotencyKey: "key" }) { id } }';
    const others = [
      await sendAs('bob', service, '{ accounts { edges { node { id } } } }'),
      await sendAs('bob', service, 'mutation { newAccount(input: { name: "New" }) { name } }'),
      await sendAs('bob', service, creation),
      await sendAs('bob', service, creation),
    ];
    expect(others.map(({ errors }) => errors)).toEqual(others.map(() => undefined));
    expect(others[3]?.data).toEqual(others[2]?.data);
    expect(await countSleeping()).toBe(1);
  });

  test('over the only connection, a creation that comes meanwhile is in time', async () => {
    const service = await start({ DATABASE_POOL_SIZE: '1', DATABASE_TIMEOUT_MS: '10000' });
    readSlowly(service, 'alice');
    await expect.poll(countSleeping, { interval: 20, timeout: 4500 }).toBe(1);
    expect(await service.createSession()).toMatchObject({ status: 200, errors: undefined });
  });

  test.each([
    ['new accounts', 'accounts', 'mutation { newAccount(input: { name: "New" }) { id } }'],
    ['replays of one key', 'idempotency_keys', 'mutation { newAISession(input: { idempotencyKey: "known" }) { id } }'],
  ])('of one user, because %s wait, others read', async (_what, table, mutation) => {
    const service = await start({ DATABASE_POOL_SIZE: '5', DATABASE_TIMEOUT_MS: '10000' });
    await service.createSession({ idempotencyKey: 'known' });
    const locker = database.connect();
    // Replays look for their key, which they may not meanwhile; new sessions have no key to write.
    await locker.unsafe(`begin; lock table ${table} in ${table === 'accounts' ? 'share' : 'access exclusive'} mode`);
    const answers = Array.from({ length: 40 }, () => service.send(mutation));
    await expect.poll(() => countWaiting(database), { interval: 20, timeout: 4500 }).toBeGreaterThan(0);
    const found = await sendAs('bob', service, '{ accounts { edges { node { id } } } }');
    await locker.unsafe('rollback');
    await Promise.all(answers);
    await locker.end();
    expect(found.errors).toBeUndefined();
  });
});
