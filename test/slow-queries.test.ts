import { connect, createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { canRunPostgres, startPostgres, type PostgresServer } from './postgres-server.ts';
import { makeToken, startService, type PostgresService } from './postgres-service.ts';
import { issueToken } from '../src/auth/token-issuer.ts';
import { loadConfig } from '../src/config.ts';
import { cleanUp, killProcesses } from './server-process.ts';
import type { GraphQLAnswer } from './test-server.ts';

const slowReads = (count: number) =>
  `{ ${Array.from({ length: count }, (_, index) => `a${index}: accounts(nameContains: "x") { totalCount }`).join(' ')} }`;

/** Sends an operation as another user. */
async function sendAs(user: string, service: PostgresService, query: string): Promise<GraphQLAnswer> {
  const AUTH_SECRET = 'a secret that only this test knows of';
  const viewer = { id: user, roles: ['SystemAdministrator'] };
  const bearer = await issueToken(loadConfig({ AUTH_SECRET }), AUTH_SECRET, viewer, '1h');
  return service.graphql(query, {}, { Authorization: `Bearer ${bearer}` });
}

describe.skipIf(!canRunPostgres)('while reads are slow', () => {
  let database: PostgresServer;
  let proxy: Server;
  let url: string;
  let token: string;
  /** How many sockets the service has open to its database. */
  let open = 0;
  let mostOpen = 0;

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
    proxy = createServer((client) => {
      open += 1;
      mostOpen = Math.max(mostOpen, open);
      const backend = connect(database.port, '127.0.0.1').on('error', () => client.destroy());
      client.on('error', () => backend.destroy()).on('close', () => (open -= 1));
      client.pipe(backend).pipe(client);
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const address = proxy.address();
    url = database.url.replace(/:\d+\//, `:${typeof address === 'object' && address ? address.port : 0}/`);
  });
  afterEach(async () => {
    await killProcesses();
    await database.query(`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'`);
    mostOpen = 0;
  });
  afterAll(async () => {
    await cleanUp();
    proxy.close();
    await database.remove();
  });

  async function countBackends(condition = 'true'): Promise<number> {
    const statement = `select count(*)::int from pg_stat_activity where usename = 'app' and ${condition}`;
    return Number((await database.query(statement))[0]?.['count']);
  }

  const countSleeping = () => countBackends(`wait_event = 'PgSleep'`);

  const listPids = async () =>
    (await database.query(`select pid from pg_stat_activity where usename = 'app' order by pid`)).map(({ pid }) => pid);

  const start = (environment: Record<string, string>) => startService(url, token, environment);

  test.each([
    ['on', 'reset statement_timeout'],
    ['off and a statement_timeout of the role', 'set statement_timeout = 2700'],
  ])('with DATABASE_PREPARE=%s, PostgreSQL ends them', async (prepare, change) => {
    await database.query(`alter role app ${change}`);
    const DATABASE_PREPARE = prepare.split(' ')[0] ?? '';
    const service = await start({ DATABASE_POOL_SIZE: '4', DATABASE_PREPARE });
    const answer = service.send(slowReads(15));
    await expect.poll(countSleeping, { interval: 20, timeout: 4500 }).toBeGreaterThan(0);
    expect((await answer).errors?.[0]?.extensions.code).toBe('SERVICE_UNAVAILABLE');
    await expect.poll(countSleeping, { timeout: 6000 }).toBe(0);
    await database.query('alter role app reset statement_timeout');
  });

  test('the connections stay', async () => {
    const service = await start({ DATABASE_POOL_SIZE: '5' });
    const answer = service.send(slowReads(15));
    await expect.poll(countSleeping, { interval: 20, timeout: 4500 }).toBe(2);
    const before = await listPids();
    await answer;
    await expect.poll(countSleeping, { timeout: 6000 }).toBe(0);
    expect(await listPids()).toEqual(before);
  });

  test('there are never more connections than the pool has places', async () => {
    const service = await start({ DATABASE_POOL_SIZE: '4' });
    let mostBackends = 0;
    for (let round = 0; round < 4; round += 1) {
      const answers = ['alice', 'bob', 'carol'].map((user) => sendAs(user, service, slowReads(15)));
      const isOver = Promise.all(answers).then(() => true);
      while (!(await Promise.race([isOver, new Promise<false>((resolve) => setTimeout(resolve, 20, false))]))) {
        mostBackends = Math.max(mostBackends, await countBackends());
      }
    }
    expect(mostBackends).toBeGreaterThan(1);
    expect(mostBackends).toBeLessThanOrEqual(4);
    expect(mostOpen).toBeLessThanOrEqual(4);
  });

  test('of several users, sessions are created and found, and the server is ready', async () => {
    const service = await start({ DATABASE_POOL_SIZE: '5', DATABASE_TIMEOUT_MS: '10000' });
    const answers = ['alice', 'bob', 'carol'].map((user) => sendAs(user, service, slowReads(15)));
    await expect.poll(countSleeping, { interval: 20, timeout: 4500 }).toBe(3);
    const creation = await service.createSession();
    const { id } = creation.data.newAISession;
    const found = await service.send('query ($id: ID!) { aiSession(id: $id) { id } }', { id });
    const readiness = await service.probe('/ready');
    const sleeping = await countSleeping();
    await Promise.all(answers);
    expect(creation.errors).toBeUndefined();
    expect(found.data).toEqual({ aiSession: { id } });
    expect(readiness).toBe(200);
    expect(sleeping).toBe(3);
  });

  test('of one user, others read, and create accounts and sessions with keys', async () => {
    const service = await start({ DATABASE_POOL_SIZE: '4', DATABASE_TIMEOUT_MS: '10000' });
    const answer = service.send(slowReads(15));
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
    await answer;
  });

  test('over the only connection, a creation that comes meanwhile is in time', async () => {
    const service = await start({ DATABASE_POOL_SIZE: '1', DATABASE_TIMEOUT_MS: '10000' });
    const answer = service.send(slowReads(15));
    await expect.poll(countSleeping, { interval: 20, timeout: 4500 }).toBe(1);
    expect(await service.createSession()).toMatchObject({ status: 200, errors: undefined });
    await answer;
  });
});
