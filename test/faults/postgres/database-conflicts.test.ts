import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { canRunPostgres } from '../../support/postgres-server.ts';
import { openBench, summarise, unavailable, type Bench } from '../../support/postgres-service.ts';
import { codeOf } from '../../support/test-server.ts';

describe.skipIf(!canRunPostgres)('a statement that the database aborts', () => {
  let bench: Bench;
  let rival: ReturnType<Bench['database']['connect']>;

  beforeAll(async () => {
    bench = await openBench();
    await bench.database.query('create sequence attempts');
  });
  beforeEach(() => {
    rival = bench.database.connect();
  });
  afterEach(async () => {
    await rival.end({ timeout: 1 });
    await bench.database.query(
      'drop trigger if exists fail on ai_sessions; drop trigger if exists refuse on ai_sessions',
    );
  });
  afterAll(() => bench.close());

  const findSessions = (key: string) =>
    bench.database.query(
      `select id, purpose from ai_sessions join idempotency_keys on session_id = id where key = '${key}'`,
    );

  /** Makes the first `count` creations fail. */
  const failCreations = (state: string, count: number) =>
    bench.database.query(`
      alter sequence attempts restart;
      create or replace function fail() returns trigger language plpgsql as $$ begin
        if nextval('attempts') <= ${count} then raise exception 'no' using errcode = '${state}'; end if;
        return new;
      end $$;
      alter function fail() security definer;
      create or replace trigger fail before insert on ai_sessions for each row execute function fail()`);

  const countCreations = () => failCreations('40001', 0);

  async function countAttempts() {
    const [row] = await bench.database.query('select last_value::int from attempts');
    return row?.['last_value'];
  }

  /** Starts creations while another one waits for a lock: they form the next batch. */
  async function startBatch(purposes: string[]) {
    await expect.poll(bench.countWaiting, { interval: 20 }).toBe(1);
    const answers = purposes.map((purpose) => bench.service.createSession({ purpose }));
    // The server has queued them once it answers requests that came later.
    for (let count = 0; count < 3; count += 1) await bench.service.send('{ viewer { id } }');
    return answers;
  }

  test('because of its time-out is answered SERVICE_UNAVAILABLE', async () => {
    await rival.unsafe('begin; lock table ai_sessions in exclusive mode');
    const answer = await bench.service.createSession();
    await rival.unsafe('rollback');
    expect(summarise(answer)).toEqual(unavailable);
  });

  test('as the victim of a deadlock is run again', async () => {
    await rival.unsafe(`begin; set local deadlock_timeout = '1min'; lock table ai_sessions in exclusive mode`);
    const creation = bench.service.createSession({ idempotencyKey: 'deadlock' });
    await expect.poll(bench.countWaiting, { interval: 20 }).toBe(1);
    // Waits for the creation, which is chosen as the victim. Its second try cannot overtake a lock in the queue.
    await rival.unsafe('lock table idempotency_keys in share row exclusive mode');
    await rival.unsafe('rollback');
    const countDeadlocks = `select deadlocks::int as count from pg_stat_database where datname = 'app'`;
    await expect.poll(() => bench.database.query(countDeadlocks)).toEqual([{ count: 1 }]);
    const { data, errors } = await creation;
    expect(errors).toBeUndefined();
    expect(await findSessions('deadlock')).toEqual([{ id: data.newAISession.id, purpose: null }]);
  });

  test('because of a concurrent change is run again', async () => {
    await bench.changeRole(`set default_transaction_isolation = 'repeatable read'`);
    const { id } = (await bench.service.createSession({ purpose: 'Sales' })).data.newAISession;
    // It holds up each change behind its snapshot, but for those of the rival.
    await bench.database.query(`
      create function hesitate() returns trigger language plpgsql as $$ begin perform pg_sleep(0.5); return null; end $$;
      create trigger hesitate before update on ai_sessions for each statement execute function hesitate()`);
    const patch = bench.service.send(
      'mutation ($id: ID!) { patchAISession(input: { id: $id, purpose: "Billing" }) { purpose } }',
      { id },
    );
    const findHesitating = () => bench.database.query(`select from pg_stat_activity where wait_event = 'PgSleep'`);
    await expect.poll(findHesitating, { interval: 20 }).toHaveLength(1);
    await rival.unsafe('set session_replication_role = replica');
    await rival.unsafe(`update ai_sessions set purpose = 'Support' where id = '${id}'`);
    const answer = await patch;
    await bench.database.query('drop trigger hesitate on ai_sessions');
    await bench.changeRole('reset default_transaction_isolation');
    expect(answer).toMatchObject({ status: 200, data: { patchAISession: { purpose: 'Billing' } } });
  });

  test.each(['40001', '40P01'])('with %s is run again, whole, and leaves one session', async (state) => {
    await failCreations(state, 3);
    const { data, errors } = await bench.service.createSession({ idempotencyKey: state, purpose: 'Again' });
    expect(errors).toBeUndefined();
    expect(await findSessions(state)).toEqual([{ id: data.newAISession.id, purpose: 'Again' }]);
    const lines = () => bench.service.logLines().filter(({ sessionId }) => sessionId === data.newAISession.id);
    await expect.poll(lines).toMatchObject([{ msg: 'session created' }]);
  });

  test.each(['40001', '40P01'])(
    'with %s every time is run at most ten times, and answered SERVICE_UNAVAILABLE',
    async (state) => {
      await failCreations(state, 1_000_000);
      const countLines = () => bench.service.logLines().filter(({ sessionId }) => sessionId).length;
      const lines = countLines();
      const answer = await bench.service.createSession({ idempotencyKey: `${state} every time` });
      expect(countLines()).toBe(lines);
      expect(await countAttempts()).toBeLessThanOrEqual(10);
      expect(await findSessions(`${state} every time`)).toEqual([]);
      expect(summarise(answer)).toEqual(unavailable);
    },
  );

  test('because its account was just deleted fails that creation only', async () => {
    const account = await bench.service.send('mutation { newAccount(input: { name: "Gone" }) { id } }');
    const accountId = account.data.newAccount.id;
    await rival.unsafe(`begin; delete from accounts where id = '${accountId}'`);
    const creation = bench.service.createSession({ accountId });
    const others = await Promise.all(['a', 'b', 'c'].map((purpose) => bench.service.createSession({ purpose })));
    await rival.unsafe('commit');
    expect((await creation).errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'accountId' });
    expect(others.map(({ data }) => data.newAISession.purpose)).toEqual(['a', 'b', 'c']);
  });

  test('because of one creation of a batch does not fail the others', async () => {
    await bench.database.query(`
      create function refuse() returns trigger language plpgsql as $$ begin
        if new.purpose = 'refused' then raise exception 'no'; end if;
        return new;
      end $$;
      create trigger refuse before insert on ai_sessions for each row execute function refuse()`);
    await countCreations();
    await rival.unsafe('begin; lock table ai_sessions in exclusive mode');
    const first = bench.service.createSession({ purpose: 'first' });
    const batch = await startBatch(['a', 'refused', 'b']);
    await rival.unsafe('commit');
    const answers = await Promise.all([first, ...batch]);
    // The first, two in the batch until it failed, and then each of the batch alone.
    expect(await countAttempts()).toBe(6);
    expect(answers.map(codeOf)).toEqual([undefined, undefined, 'INTERNAL_SERVER_ERROR', undefined]);
  });

  test('behind a lock does not pile up in the database', async () => {
    await rival.unsafe('begin; lock table ai_sessions in access exclusive mode');
    const answers = [];
    for (let round = 0; round < 4; round += 1) {
      const requests = Array.from({ length: 10 }, () => bench.service.send('{ aiSessions { totalCount } }'));
      answers.push(...(await Promise.all(requests)));
    }
    const backends = await bench.countBackends();
    await rival.unsafe('rollback');
    expect(new Set(answers.map(codeOf))).toEqual(new Set(['SERVICE_UNAVAILABLE']));
    expect(backends).toBeLessThanOrEqual(20);
  });
});
