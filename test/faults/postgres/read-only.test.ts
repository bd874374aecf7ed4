import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canRunPostgres } from '../../support/postgres-server.ts';
import { back, observe, openBench, summarise, unavailable, type Bench } from '../../support/postgres-service.ts';

describe.skipIf(!canRunPostgres)('a database that turned read-only', () => {
  let bench: Bench;
  let id: string;

  beforeAll(async () => {
    bench = await openBench();
    id = (await bench.service.createSession()).data.newAISession.id;
  });
  afterAll(() => bench.close());

  const setReadOnly = (value: 'on' | 'off') => ({
    'for all connections': async () => {
      await bench.database.query(`alter system set default_transaction_read_only = ${value}`);
      await bench.database.query('select pg_reload_conf()');
    },
    'for new connections': () => bench.changeRole(`set default_transaction_read_only = ${value}`),
  });

  const writes = [
    'mutation { newAISession(input: {}) { id } }',
    'mutation ($id: ID!) { patchAISession(input: { id: $id, purpose: "Sales" }) { id } }',
    'mutation ($id: ID!) { deleteAISession(id: $id) }',
    'mutation { newAccount(input: { name: "New" }) { id } }',
  ];

  test.each(['for all connections', 'for new connections'] as const)(
    'is said to be so, %s, and is read from',
    async (scope) => {
      await setReadOnly('on')[scope]();
      await expect
        .poll(async () => (await fetch(`${bench.service.url}/ready`)).json())
        .toEqual({ status: 'the database is read-only' });
      for (const write of writes) {
        const answer = await bench.service.send(write, { id });
        expect(summarise(answer)).toEqual(unavailable);
        expect(answer.errors?.[0]?.message).toMatch(/^The database is read-only/);
      }
      const found = await bench.service.send('query ($id: ID!) { aiSession(id: $id) { id } }', { id });
      expect(found.data).toEqual({ aiSession: { id } });
      await setReadOnly('off')[scope]();
      await expect.poll(() => bench.service.probe('/ready')).toBe(200);
      expect(await observe(bench.service)).toEqual(back);
    },
  );
});
