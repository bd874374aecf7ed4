import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { hasPgBouncer, startPgBouncer } from '../../support/pgbouncer.ts';
import { canRunPostgres, startPostgres, type PostgresServer } from '../../support/postgres-server.ts';
import { makeToken, startService, type PostgresService, type TimedAnswer } from '../../support/postgres-service.ts';
import { cleanUp, killProcesses } from '../../support/server-process.ts';
import { sign } from '../../support/sign-token.ts';
import { codeOf, createAccount } from '../../support/test-server.ts';

const heldCount = 10;
const otherCount = 100;
/** How long what waits for a held row may wait. */
const timeoutMs = 60_000;
/** Within which others are to be answered: a second on a quiet machine, 16 on one with four times its load. */
const limitMs = 30_000;

const patch = 'mutation ($id: ID!) { patchAISession(input: { id: $id, purpose: "Sales" }) { id } }';
const remove = 'mutation ($id: ID!) { deleteAISession(id: $id) }';
const list = '{ accounts { edges { node { id } } } }';
const find = 'query ($id: ID!) { aiSession(id: $id) { id } }';

const listOf = <Item>(count: number, make: (index: number) => Item) =>
  Array.from({ length: count }, (_, index) => make(index));
const errorOf = ({ errors }: TimedAnswer) => ({ message: errors?.[0]?.message, ...errors?.[0]?.extensions });
const isHeld = (what: string) => ({
  message: `${what} is held by another transaction. Try again soon.`,
  code: 'SERVICE_UNAVAILABLE',
  retryAfter: 2,
});
const quoted = (values: string[]) => values.map((value) => `'${value}'`).join();

describe.skipIf(!canRunPostgres || !hasPgBouncer)('while another transaction holds many rows,', () => {
  let database: PostgresServer;
  let pooler: Awaited<ReturnType<typeof startPgBouncer>>;
  let rival: ReturnType<PostgresServer['connect']>;
  let service: PostgresService;

  beforeAll(async () => {
    database = await startPostgres();
    pooler = await startPgBouncer(database, 10);
    rival = database.connect();
  });
  afterEach(async () => {
    await rival.unsafe('rollback');
    await killProcesses();
  });
  afterAll(async () => {
    await rival.end({ timeout: 1 });
    await cleanUp();
    await pooler.stop();
    await database.remove();
  });

  async function start(environment: Record<string, string>): Promise<void> {
    const { url } = environment['DATABASE_PREPARE'] === 'off' ? pooler : database;
    service = await startService(url, makeToken(), environment);
    // The first requests to a server are slow.
    await Promise.all(listOf(100, () => service.createSession()));
  }

  const makeSessions = (count: number) =>
    Promise.all(listOf(count, async () => String((await service.createSession()).data.newAISession.id)));

  /** Holds accounts, keys of alice, and sessions. */
  const hold = (accountIds: string[], keys: string[], sessionIds: string[]) =>
    rival.unsafe(`
      begin;
      select from accounts where id in (${quoted(accountIds)}) for update;
      insert into idempotency_keys (created_by, key, session_id, payload_hash)
        select 'alice', unnest(array[${quoted(keys)}]), gen_random_uuid(), '';
      select from ai_sessions where id in (${quoted(sessionIds)}) for update`);

  test.each([
    // All work shares a single connection.
    [{ DATABASE_POOL_SIZE: '1', DATABASE_PREPARE: 'on' }, 80],
    [{ DATABASE_POOL_SIZE: '2', DATABASE_PREPARE: 'on' }, 97],
    [{ DATABASE_POOL_SIZE: '10', DATABASE_PREPARE: 'on' }, 97],
    [{ DATABASE_POOL_SIZE: '1', DATABASE_PREPARE: 'off' }, 80],
    [{ DATABASE_POOL_SIZE: '10', DATABASE_PREPARE: 'off' }, 97],
  ])('others go on, and all is done once the rows are free, with %j: %i of 100', async (environment, expected) => {
    await start({ ...environment, DATABASE_TIMEOUT_MS: String(timeoutMs) });
    const attempt = randomUUID();
    const nameOf = (index: number) => `${attempt} ${index}`;
    const accountIds = await Promise.all(listOf(heldCount, (index) => createAccount(service, nameOf(index))));
    const keys = listOf(heldCount, (index) => `held ${nameOf(index)}`);
    const sessionIds = await makeSessions(heldCount);
    const [bob, carol] = [sign({ sub: 'bob' }), sign({ sub: 'carol' })];
    const held: Promise<Pick<TimedAnswer, 'errors'>>[] = [];
    const sendHeld = (index: number) => {
      held.push(service.createSession({ accountId: accountIds[index] }));
      held.push(service.createSession({ accountId: accountIds[index], idempotencyKey: `free ${nameOf(index)}` }));
      held.push(service.createSession({ idempotencyKey: keys[index] }));
      held.push(service.send(patch, { id: sessionIds[index] }));
      held.push(service.graphql(patch, { id: sessionIds[index] }, { token: bob }));
    };
    const others = {
      creation: () => service.createSession(),
      'creation with a key': () => service.createSession({ idempotencyKey: `other ${randomUUID()}` }),
      find: () => service.send(find, { id: sessionIds[0] }),
      'list of another user': () => service.graphql(list, {}, { token: carol }),
    };
    const kinds = ['creation', 'creation with a key', 'find', 'list of another user'] as const;
    const late: string[] = [];
    await hold(accountIds, keys, sessionIds);
    const all = listOf(otherCount, async (index) => {
      await sleep(10 * index);
      if (index % 5 === 0) sendHeld((index / 5) % heldCount);
      const begin = performance.now();
      const kind = kinds[index % kinds.length] ?? 'find';
      const code = codeOf(await others[kind]());
      const milliseconds = Math.round(performance.now() - begin);
      if (code !== undefined || milliseconds > limitMs) late.push(`${kind} ${index}: ${code} ${milliseconds} ms`);
    });
    await Promise.all(all);
    await rival.unsafe('rollback');
    expect(late.slice(otherCount - expected)).toEqual([]);
    expect(new Set((await Promise.all(held)).map(codeOf))).toEqual(new Set([undefined]));
  });

  test('old keys that the server would delete hold up nothing', async () => {
    await database.query(`insert into idempotency_keys (created_by, key, session_id, payload_hash, date_created)
      values ('alice', 'old', gen_random_uuid(), '', now() - interval '1 year')`);
    await rival.unsafe(`begin; select from idempotency_keys where key = 'old' for update`);
    service = await startService(database.url, makeToken(), { DATABASE_POOL_SIZE: '1', DATABASE_TIMEOUT_MS: '10000' });
    const { errors, milliseconds } = await service.createSession();
    expect(errors).toBeUndefined();
    expect(milliseconds).toBeLessThan(5000);
  });

  test('what misses its deadline is told what is held', async () => {
    await start({ DATABASE_TIMEOUT_MS: '2000' });
    const accountId = await createAccount(service, 'Acme');
    const [patched = '', removed = ''] = await makeSessions(2);
    const known = await service.createSession({ idempotencyKey: 'known' });
    await hold([accountId], ['held'], [patched, removed, known.data.newAISession.id]);
    const [account, key, replay, patching, removing] = await Promise.all([
      service.createSession({ accountId }),
      service.createSession({ idempotencyKey: 'held' }),
      service.createSession({ idempotencyKey: 'known' }),
      service.send(patch, { id: patched }),
      service.send(remove, { id: removed }),
    ]);
    expect(errorOf(account)).toEqual(isHeld('The account'));
    expect(errorOf(key)).toEqual(isHeld('The session or its idempotencyKey'));
    for (const answer of [replay, patching, removing]) expect(errorOf(answer)).toEqual(isHeld('The session'));
  });
});
