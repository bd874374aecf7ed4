import { sql } from 'drizzle-orm';
import type { TestServer } from './test-server.ts';

/**
 * Inserts sessions past the API, one for each millisecond of a moment in 2020.
 * @param purpose what the purpose has behind the number of the session, which counts from 1
 */
export async function insertSessions(
  { database }: TestServer,
  count: number,
  accountId: string | null = null,
  purpose = '',
): Promise<void> {
  await database.run(
    (orm) =>
      orm.execute(sql`
      insert into ai_sessions (id, date_created, date_last_modified, created_by, last_modified_by, account_id, purpose)
      select (lpad(to_hex(1600000000000 + n), 12, '0') || '7000' || right(replace(gen_random_uuid()::text, '-', ''), 16))::uuid,
        to_timestamp((1600000000000 + n) / 1000.0), now(), 'import', 'import', ${accountId}::uuid, n || ${purpose}::text
      from generate_series(1, ${count}::int) n`),
    'lookups',
  );
}
