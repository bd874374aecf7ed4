import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../support/test-server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

/** Writes rows whose ids hold 2024-11-03T06:40:42.309Z, with these dates of creation. */
const insertSession = (date: string) =>
  server.database.run(
    (orm) =>
      orm.execute(sql`
      insert into ai_sessions (id, date_created, date_last_modified, created_by, last_modified_by)
      values ('0192f0c1-2345-7000-8000-000000000001', ${date}, now(), 'import', 'import')`),
    'lookups',
  );
const insertAccount = (date: string) =>
  server.database.run(
    (orm) =>
      orm.execute(sql`
      insert into accounts (id, name, date_created, date_last_modified, created_by, last_modified_by)
      values ('0192f0c1-2345-7000-8000-000000000001', 'Acme', ${date}, now(), 'import', 'import')`),
    'lookups',
  );

test.each([
  ['a session', insertSession],
  ['an account', insertAccount],
])('the database refuses %s whose date of creation is not the one in its id', async (_what, insert) => {
  for (const date of ['2024-11-03T06:40:42.308Z', '2024-11-03T06:40:42.310Z', '2026-01-01T00:00:00.000Z']) {
    await expect(insert(date)).rejects.toMatchObject({ cause: { code: '23514' } });
  }
  await expect(insert('2024-11-03T06:40:42.309Z')).resolves.toBeDefined();
});
