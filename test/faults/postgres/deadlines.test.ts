import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../../src/database/database.ts';
import { openPostgres } from '../../../src/database/postgres/open-postgres.ts';
import { createLogger } from '../../../src/observability/log.ts';
import { createMigratedDatabase } from '../../support/test-database.ts';

const { TEST_DATABASE_URL = '' } = process.env;
const timeoutMs = 1000;

/** What work ends with: `done`, or the message of its error. */
const outcomeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );

describe.skipIf(!TEST_DATABASE_URL)('over one connection to PostgreSQL', () => {
  let created: Awaited<ReturnType<typeof createMigratedDatabase>>;
  let database: Database;

  beforeEach(async () => {
    created = await createMigratedDatabase(TEST_DATABASE_URL);
    const log = createLogger('silent', process.stdout);
    database = await openPostgres(created.url, { poolSize: 1, timeoutMs, prepare: true }, log, { logQuery: () => {} });
  });
  afterEach(async () => {
    await database.close();
    await created.drop();
  });

  const readPid = async () => {
    const [row] = await database.run(
      (orm) => orm.select({ pid: sql<number>`pg_backend_pid()` }).from(sql`(select) as nothing`),
      'lookups',
    );
    return row?.pid;
  };

  test('work whose deadline passes before its turn never begins', async () => {
    const first = outcomeOf(database.run(async () => sleep(2 * timeoutMs), { user: 'alice' }));
    let hasBegun = false;
    const second = outcomeOf(
      database.run(
        async () => {
          hasBegun = true;
        },
        { user: 'bob' },
      ),
    );
    expect([await first, await second]).toEqual(Array(2).fill(expect.stringContaining('did not answer in time')));
    await sleep(2 * timeoutMs);
    expect(await readPid()).toBeDefined();
    expect(hasBegun).toBe(false);
  });

  test('a statement that misses its deadline is ended by PostgreSQL, and its connection is used again', async () => {
    const before = await readPid();
    const slow = outcomeOf(database.run((orm) => orm.execute(sql`select pg_sleep(60)`), { user: 'alice' }));
    expect(await slow).toContain('did not answer in time');
    expect(await readPid()).toBe(before);
  });

  test('a connection that the database ends is not used again', async () => {
    const before = await readPid();
    const ended = database.run((orm) => orm.execute(sql`select pg_terminate_backend(pg_backend_pid())`), 'lookups');
    expect(await outcomeOf(ended)).toContain('did not answer in time');
    expect(await readPid()).not.toBe(before);
  });
});
