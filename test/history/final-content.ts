import type { PostgresServer } from '../support/postgres-server.ts';
import type { Content } from './operation.ts';

const instant = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** Reads what the database holds. */
export async function readContent(database: PostgresServer): Promise<Content> {
  const sessions = await database.query(`
    select id, purpose, account_id, created_by, last_modified_by,
      ${instant('date_created')} as date_created, ${instant('date_last_modified')} as date_last_modified
    from ai_sessions`);
  const keys = await database.query('select created_by, key, session_id from idempotency_keys');
  return {
    sessions: sessions.map((row) => ({
      id: String(row['id']),
      purpose: textOf(row['purpose']),
      accountId: textOf(row['account_id']),
      createdBy: String(row['created_by']),
      lastModifiedBy: String(row['last_modified_by']),
      dateCreated: String(row['date_created']),
      dateLastModified: String(row['date_last_modified']),
    })),
    keys: keys.map((row) => ({
      user: String(row['created_by']),
      key: String(row['key']),
      sessionId: String(row['session_id']),
    })),
  };
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : null);
