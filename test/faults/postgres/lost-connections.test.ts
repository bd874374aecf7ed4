import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { canRunPostgres } from '../../support/postgres-server.ts';
import { openBench, type Bench } from '../../support/postgres-service.ts';
import { codeOf } from '../../support/test-server.ts';

const accountCount = 90;
const readers = 20;
const responses = inject('isLong') ? 2000 : 600;

// postgres.js can mix rows of a response that was cut off with those of the next one, and report a statement as done
// that never ran.
describe.skipIf(!canRunPostgres)('while connections to the database are lost', () => {
  let bench: Bench;
  let names: string[];

  beforeAll(async () => {
    bench = await openBench();
    names = Array.from({ length: accountCount }, (_, index) => `${index} ${'x'.repeat(200)}`);
    await bench.database.query(`
      insert into accounts (id, date_created, date_last_modified, created_by, last_modified_by, name)
      select ('0192f0c1-2345-7000-8000-' || lpad(index::text, 12, '0'))::uuid,
        to_timestamp(1730616042.309), now(), 'alice', 'alice', index || ' ' || repeat('x', 200)
      from generate_series(0, ${accountCount - 1}) as index`);
  });
  afterAll(() => bench.close());

  /** Resets connections and ends backends in turn, until it is told to stop. Returns how often. */
  function loseConnections() {
    const over = new AbortController();
    const losing = (async () => {
      let count = 0;
      for (; !over.signal.aborted; count += 1) {
        if (count % 2 === 0) bench.proxy.cut();
        else await bench.endBackends();
        await sleep(30);
      }
      return count;
    })();
    return () => {
      over.abort();
      return losing;
    };
  }

  test('no response has rows that are wrong', { timeout: 300_000 }, async () => {
    const stop = loseConnections();
    const counts = { right: 0, unavailable: 0, wrong: 0 };
    const count = () => counts.right + counts.unavailable + counts.wrong;
    async function read() {
      while (count() < responses) {
        const { data, errors } = await bench.service.send('{ accounts(first: 100) { edges { node { name } } } }');
        const found = data?.accounts?.edges.map(({ node }: { node: { name: string } }) => node.name);
        if (codeOf({ errors }) === 'SERVICE_UNAVAILABLE') counts.unavailable += 1;
        else if (JSON.stringify(found) === JSON.stringify(names)) counts.right += 1;
        else counts.wrong += 1;
      }
    }
    await Promise.all(Array.from({ length: readers }, read));
    const losses = await stop();
    // oxlint-disable-next-line no-console -- the counts are what this test is run for
    console.log(`lost connections: ${JSON.stringify({ ...counts, losses })}`);
    expect(counts.wrong).toBe(0);
    expect(counts.right).toBeGreaterThan(responses / 10);
    expect(losses).toBeGreaterThan(10);
  });

  test('no creation is a success that was none', { timeout: 300_000 }, async () => {
    const stop = loseConnections();
    const created: string[] = [];
    let count = 0;
    async function create() {
      for (; count < responses; count += 1) {
        const { data } = await bench.service.createSession();
        if (data?.newAISession) created.push(data.newAISession.id);
      }
    }
    await Promise.all(Array.from({ length: readers }, create));
    const losses = await stop();
    const rows = await bench.database.query('select id from ai_sessions');
    const ids = new Set(rows.map(({ id }) => id));
    // oxlint-disable-next-line no-console -- the counts are what this test is run for
    console.log(`lost connections: ${JSON.stringify({ created: created.length, losses })}`);
    expect(created.filter((id) => !ids.has(id))).toEqual([]);
    expect(created.length).toBeGreaterThan(responses / 10);
    expect(losses).toBeGreaterThan(10);
  });
});
