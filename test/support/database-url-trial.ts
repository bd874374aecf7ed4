import { expect } from 'vitest';
import { StartupError } from '../../src/errors.ts';
import type { PostgresServer } from './postgres-server.ts';
import { createSession, startTestServer } from './test-server.ts';

/** Starts the server on a URL that it refuses. Answers what it says. */
export async function refuseUrl(url: string): Promise<string> {
  const refusal: unknown = await startTestServer({ DATABASE_URL: url }).catch((error: unknown) => error);
  const message = refusal instanceof StartupError ? refusal.message : `no refusal: ${String(refusal)}`;
  expect(message).not.toMatch(/^no refusal|hush-hush|^ +at /m);
  return message;
}

/** Has a server create a session by way of a URL. Answers what its connections are like, as the database sees them. */
export async function useUrl(database: PostgresServer, url: string) {
  const server = await startTestServer({ DATABASE_URL: url });
  expect(await createSession(server)).toMatchObject({ status: 200, errors: undefined });
  expect((await fetch(`${server.url}/ready`)).status).toBe(200);
  const rows = await database.query(
    `select distinct ssl, application_name from pg_stat_ssl join pg_stat_activity using (pid) where usename = 'app'`,
  );
  await server.stop();
  expect(rows).toHaveLength(1);
  return { encryption: rows[0]?.['ssl'] === true ? 'encrypted' : 'plain', name: rows[0]?.['application_name'] };
}
