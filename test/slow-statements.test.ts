import postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createMigratedDatabase } from './test-database.ts';
import { createSession, startTestServer, type TestServer } from './test-server.ts';

const { TEST_DATABASE_URL = '' } = process.env;

describe.skipIf(!TEST_DATABASE_URL)('on PostgreSQL', () => {
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

  /** Keeps all others from the sessions while a request runs, for this many seconds. */
  async function lockDuring(seconds: number, request: () => Promise<unknown>) {
    const waiting = await sql.begin(async (transaction) => {
      await transaction`lock table ai_sessions in access exclusive mode`;
      const sent = request();
      await transaction`select pg_sleep(${seconds})`;
      return { sent };
    });
    await waiting.sent;
  }

  test('a statement of more than a second is warned of, with its duration and its text', async () => {
    await lockDuring(1.3, () => createSession(server, { purpose: 'hush-hush' }));
    await expect.poll(warnings).toHaveLength(1);
    const [warning] = warnings();
    expect(warning).toMatchObject({ level: 40, statement: expect.stringContaining('json_to_recordset($1') });
    expect(warning?.['durationMs']).toBeGreaterThan(1000);
    expect(JSON.stringify(warning)).not.toContain('hush-hush');
  });

  test('a read of more than a second is warned of too', async () => {
    await lockDuring(1.3, () => server.graphql('{ aiSessions { edges { node { id } } } }'));
    await expect.poll(warnings).toMatchObject([{ statement: expect.stringContaining('order by') }]);
  });

  test('others are not', async () => {
    await lockDuring(0.2, () => createSession(server));
    await createSession(server);
    expect(warnings()).toEqual([]);
  });
});
