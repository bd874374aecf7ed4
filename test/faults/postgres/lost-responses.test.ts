import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { canRunPostgres } from '../../support/postgres-server.ts';
import { openBench, summarise, unavailable, type Bench } from '../../support/postgres-service.ts';

const deletion = 'mutation ($id: ID!) { deleteAISession(id: $id) }';

describe.skipIf(!canRunPostgres)('while the responses of the database get lost', () => {
  let bench: Bench;

  beforeAll(async () => {
    bench = await openBench();
  });
  afterEach(() => bench.proxy.cut());
  afterAll(() => bench.close());

  const findIds = async (condition = 'true') =>
    (await bench.database.query(`select id from ai_sessions where ${condition}`)).map(({ id }) => id);
  const linesAbout = (id: unknown) =>
    bench.service
      .logLines()
      .filter(({ sessionId }) => sessionId === id)
      .map(({ msg }) => msg);

  test('a creation whose connection is reset then is answered, and has one line', async () => {
    await bench.service.createSession();
    bench.proxy.dropAnswers();
    const creation = bench.service.createSession({ purpose: 'reset' });
    await expect.poll(() => findIds(`purpose = 'reset'`)).toHaveLength(1);
    bench.proxy.cut();
    const { data } = await creation;
    expect(await findIds(`purpose = 'reset'`)).toEqual([data.newAISession.id]);
    await expect.poll(() => linesAbout(data.newAISession.id)).toEqual(['session created']);
  });

  test('a deletion whose connection is reset then is answered as done, and has one line', async () => {
    const { id } = (await bench.service.createSession()).data.newAISession;
    // It is held up once it is prepared, which takes responses.
    await bench.database.query(`
      create function hesitate() returns trigger language plpgsql as $$ begin perform pg_sleep(1); return null; end $$;
      create trigger hesitate before delete on ai_sessions for each statement execute function hesitate()`);
    const answer = bench.service.send(deletion, { id });
    const findHesitating = () => bench.database.query(`select from pg_stat_activity where wait_event = 'PgSleep'`);
    await expect.poll(findHesitating, { interval: 20 }).toHaveLength(1);
    bench.proxy.dropAnswers();
    await expect.poll(() => findIds(`id = '${id}'`)).toEqual([]);
    await bench.database.query('drop function hesitate cascade');
    bench.proxy.cut();
    expect((await answer).data).toEqual({ deleteAISession: id });
    await expect.poll(() => linesAbout(id)).toEqual(['session created', 'session deleted']);
  });

  test('a creation that misses its deadline has one line, of its unknown outcome', async () => {
    await bench.service.createSession();
    bench.proxy.dropAnswers();
    expect(summarise(await bench.service.createSession({ purpose: 'late' }))).toEqual(unavailable);
    const [id] = await findIds(`purpose = 'late'`);
    await expect.poll(() => linesAbout(id)).toEqual(['session created: outcome unknown']);
  });

  test('creations that never reach the database have no line', async () => {
    await bench.proxy.refuse();
    const before = bench.service.logLines().filter(({ sessionId }) => sessionId).length;
    expect(summarise(await bench.service.createSession())).toEqual(unavailable);
    await bench.proxy.forward();
    expect(bench.service.logLines().filter(({ sessionId }) => sessionId)).toHaveLength(before);
  });
});
