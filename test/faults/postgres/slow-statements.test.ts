import postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { patience } from '../../support/patience.ts';
import { createMigratedDatabase } from '../../support/test-database.ts';
import { createSession, startTestServer, type TestServer } from '../../support/test-server.ts';

const { TEST_DATABASE_URL = '' } = process.env;

describe('on PostgreSQL', () => {
  let database: Awaited<ReturnType<typeof createMigratedDatabase>>;
  let sql: postgres.Sql;
  let server: TestServer;
  let warned = 0;
  /** The warnings since the test began. */
  const warnings = () =>
    server
      .logLines()
      .filter(({ msg }) => msg === 'slow statement')
      .slice(warned);

  beforeAll(async () => {
    database = await createMigratedDatabase(TEST_DATABASE_URL);
    sql = postgres(database.url, { max: 1 });
    server = await startTestServer({ DATABASE_URL: database.url });
  });
  beforeEach(() => {
    warned += warnings().length;
  });
  afterAll(async () => {
    await server.stop();
    await sql.end();
    await database.drop();
  });

  /** Keeps the statement of a request waiting for this many seconds. */
  async function holdUp(seconds: number, request: () => Promise<unknown>): Promise<void> {
    const { sent } = await sql.begin(async (transaction) => {
      await transaction`lock table ai_sessions in access exclusive mode`;
      const sending = request();
      const findWaiting = () => transaction`
        select from pg_locks where relation = 'ai_sessions'::regclass and not granted
          and database = (select oid from pg_database where datname = current_database())`;
      await vi.waitUntil(async () => (await findWaiting()).length > 0, patience);
      await transaction`select pg_sleep(${seconds})`;
      return { sent: sending };
    });
    await sent;
  }

  test('a statement of more than a second is warned of, with its duration and its text', async () => {
    await holdUp(1.1, () => createSession(server, { purpose: 'hush-hush' }));
    await expect.poll(warnings).toHaveLength(1);
    const [warning] = warnings();
    expect(warning).toMatchObject({ level: 40, statement: expect.stringContaining('json_to_recordset($1') });
    expect(warning?.['durationMs']).toBeGreaterThan(1000);
    expect(JSON.stringify(warning)).not.toContain('hush-hush');
  });

  test('a read of more than a second is warned of too', async () => {
    await holdUp(1.1, () => server.graphql('{ aiSessions { edges { node { id } } } }'));
    await expect.poll(warnings).toMatchObject([{ statement: expect.stringContaining('order by') }]);
  });

  test('others are not', async () => {
    // On a busy machine, any may take a second.
    async function isQuick(): Promise<boolean> {
      warned += warnings().length;
      const start = performance.now();
      await holdUp(0.2, () => createSession(server));
      await createSession(server);
      return performance.now() - start < 1000;
    }
    await vi.waitUntil(isQuick, patience);
    expect(warnings()).toEqual([]);
  });
});
