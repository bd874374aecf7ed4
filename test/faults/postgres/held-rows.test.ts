import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { canRunPostgres, startPostgres, type PostgresServer } from '../../support/postgres-server.ts';
import { makeToken, startService, type PostgresService } from '../../support/postgres-service.ts';
import { cleanUp } from '../../support/server-process.ts';
import { sign } from '../../support/sign-token.ts';
import { codeOf, createAccount } from '../../support/test-server.ts';

const otherCount = 100;
/** Long, because a busy machine is slow. */
const databaseTimeoutMs = 10_000;
const DATABASE_TIMEOUT_MS = String(databaseTimeoutMs);

describe.skipIf(!canRunPostgres)('while another transaction holds a row,', () => {
  let database: PostgresServer;
  let rival: ReturnType<PostgresServer['connect']>;

  beforeAll(async () => {
    database = await startPostgres();
  });
  beforeEach(() => {
    rival = database.connect();
  });
  afterEach(() => rival.end({ timeout: 1 }));
  afterAll(async () => {
    await cleanUp();
    await database.remove();
  });

  const holdAccount = (id: string | undefined) =>
    rival.unsafe(`begin; select from accounts where id = '${id}' for update`);

  describe.each([1, 2, 4, 10])('with %i connections,', (poolSize) => {
    let service: PostgresService;
    let accountIds: string[];

    beforeAll(async () => {
      service = await startService(database.url, makeToken(), {
        DATABASE_POOL_SIZE: String(poolSize),
        DATABASE_TIMEOUT_MS,
      });
      // The first requests to a server are slow.
      await Promise.all(Array.from({ length: 100 }, () => service.createSession()));
      accountIds = await Promise.all(['a', 'b', 'c', 'd'].map((name) => createAccount(service, name)));
    });

    /** Sends creations for other accounts, for a second, and expects that they are made though the row is held. */
    async function expectOthersToGoOn(): Promise<void> {
      const codes = Array.from({ length: otherCount }, async (_, index) => {
        await sleep(10 * index);
        const accountId = index % 4 === 3 ? null : accountIds[1 + (index % 3)];
        return codeOf(await service.createSession({ accountId }));
      });
      const made = (await Promise.all(codes)).filter((code) => code === undefined);
      expect(made.length).toBeGreaterThanOrEqual(0.97 * otherCount);
    }

    test('creations for its account are made as soon as it is free, and those for others go on', async () => {
      const [accountId] = accountIds;
      await holdAccount(accountId);
      const held = Array.from({ length: 20 }, (_, index) =>
        service.createSession({
          accountId,
          ...(index % 2 === 0 && { idempotencyKey: `account ${poolSize} ${index}` }),
        }),
      );
      await expectOthersToGoOn();
      await rival.unsafe('commit');
      expect((await Promise.all(held)).map(codeOf)).toEqual(held.map(() => undefined));
    });

    test('a key that created a session of its account returns it', async () => {
      const input = { accountId: accountIds[0], idempotencyKey: `known ${poolSize}` };
      const { data } = await service.createSession(input);
      await holdAccount(accountIds[0]);
      expect((await service.createSession(input)).data).toEqual(data);
      await rival.unsafe('rollback');
    });

    test('creations with its key are made as soon as it is free, and others go on', async () => {
      const keys = Array.from({ length: 5 }, (_, index) => `key ${poolSize} ${index}`);
      const rows = keys.map((key) => `('alice', '${key}', gen_random_uuid(), '')`);
      await rival.unsafe(`begin; insert into idempotency_keys (created_by, key, session_id, payload_hash)
        values ${rows.join()}`);
      const held = keys.map((idempotencyKey) => service.createSession({ idempotencyKey }));
      await expectOthersToGoOn();
      await rival.unsafe('rollback');
      expect((await Promise.all(held)).map(codeOf)).toEqual(keys.map(() => undefined));
    });

    test('changes of its session by two users leave connections to others', async () => {
      const { id } = (await service.createSession()).data.newAISession;
      const key = `changed ${poolSize}`;
      const keyed = (await service.createSession({ idempotencyKey: key })).data.newAISession;
      await rival.unsafe(`begin; select from ai_sessions where id in ('${id}', '${keyed.id}') for update`);
      const writes = ['alice', 'bob'].flatMap((sub) => {
        const send = (query: string) => service.graphql(query, { id }, { token: sign({ sub }) });
        return Array.from({ length: 3 }, () => [
          send('mutation ($id: ID!) { patchAISession(input: { id: $id, purpose: "Sales" }) { id } }'),
          send(`mutation { newAISession(input: { idempotencyKey: "${key}" }) { id } }`),
        ]).flat();
      });
      const removal = service.send('mutation ($id: ID!) { deleteAISession(id: $id) }', { id: keyed.id });
      await sleep(100);
      const found = await service.send('query ($id: ID!) { aiSession(id: $id) { id } }', { id });
      await expectOthersToGoOn();
      const account = await service.send('mutation { newAccount(input: { name: "New" }) { name } }');
      await rival.unsafe('commit');
      expect(found.data).toEqual({ aiSession: { id } });
      expect(account.errors).toBeUndefined();
      expect((await removal).errors).toBeUndefined();
      const codes = new Set((await Promise.all(writes)).map(codeOf));
      // A replay that comes after the deletion is refused.
      expect([...codes].filter((code) => code !== undefined && code !== 'IDEMPOTENCY_KEY_REUSED')).toEqual([]);
    });
  });

  test('creations for its account are refused at their own deadline', async () => {
    const deadlineMs = 3000;
    const service = await startService(database.url, makeToken(), {
      DATABASE_POOL_SIZE: '1',
      DATABASE_TIMEOUT_MS: String(deadlineMs),
    });
    const accountId = await createAccount(service, 'Acme');
    await holdAccount(accountId);
    const first = service.createSession({ accountId });
    await sleep(deadlineMs / 2);
    const second = service.createSession({ accountId });
    for (const { errors, milliseconds } of await Promise.all([first, second])) {
      expect(codeOf({ errors })).toBe('SERVICE_UNAVAILABLE');
      expect(milliseconds).toBeGreaterThan(deadlineMs - 200);
      expect(milliseconds).toBeLessThan(deadlineMs + 2000);
    }
    await rival.unsafe('rollback');
  });

  test('creations that came just before others missed their deadline are made', async () => {
    const service = await startService(database.url, makeToken(), {
      DATABASE_POOL_SIZE: '3',
      DATABASE_TIMEOUT_MS: '5000',
    });
    await rival.unsafe('begin; lock table ai_sessions in access exclusive mode');
    const late = service.createSession();
    // PostgreSQL ends the statement after nine tenths of the deadline.
    await sleep(4000);
    const ready = [service.createSession(), service.createSession()];
    expect(codeOf(await late)).toBe('SERVICE_UNAVAILABLE');
    await rival.unsafe('rollback');
    expect((await Promise.all(ready)).map(codeOf)).toEqual([undefined, undefined]);
  });
});
