import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { binaries } from '../../support/postgres-server.ts';
import { cleanUp, makeFolder, runScript, startServer } from '../../support/server-process.ts';
import { secret } from '../../support/sign-token.ts';
import { copyDataFolder, createTestDatabase } from '../../support/test-database.ts';
import { createAccount, createSession, sessionFields } from '../../support/test-server.ts';

const { TEST_DATABASE_URL = '' } = process.env;

const dump = (environment: Record<string, string>) => runScript('src/commands/dump.ts', [], environment);

describe.skipIf(!binaries)('a dump that is restored by psql into an own PostgreSQL', () => {
  const purposes = [
    "It's",
    'a \\ and \\. and $$',
    'two\nlines\r\n',
    'Grüße, 你好 🙂',
    'SET transaction_timeout = 0;\n',
    '',
  ];
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  let inputs: object[];
  let before: unknown[];
  let server: Awaited<ReturnType<typeof startServer>>;
  let migration: Awaited<ReturnType<typeof runScript>>;

  const create = async (input: object) => (await createSession(server, input)).data;

  beforeAll(async () => {
    const DATA_DIR = await copyDataFolder();
    server = await startServer({ DATA_DIR, AUTH_SECRET: secret });
    const accountId = await createAccount(server, 'Müller & Sons');
    inputs = purposes.map((purpose, index) => ({ accountId, purpose, idempotencyKey: `key ${index}` }));
    before = [];
    for (const input of inputs) before.push(await create(input));
    server.kill('SIGTERM');
    await server.ended;

    const file = path.join(await makeFolder(), 'sessions.sql');
    await writeFile(file, (await dump({ DATA_DIR })).stdout);
    database = await createTestDatabase(TEST_DATABASE_URL);
    const psql = path.join(binaries ?? '', 'psql');
    await promisify(execFile)(psql, [database.url, '-v', 'ON_ERROR_STOP=1', '-q', '-f', file]);
    const environment = { DATABASE_URL: database.url, AUTH_SECRET: secret };
    migration = await runScript('src/commands/migrate.ts', [], environment);
    server = await startServer(environment);
  });
  afterAll(async () => {
    await cleanUp();
    await database.drop();
  });

  test('it is up to date', () => {
    expect(migration.stdout).toMatch(/^The database at .* is up to date\.\n$/);
  });

  test('it has all sessions and their account', async () => {
    const list = `{ aiSessions(orderBy: { field: DATE_CREATED, direction: ASC }) { edges { node { ${sessionFields} } } } }`;
    const { data } = await server.graphql(list);
    const nodes = data.aiSessions.edges.map(({ node }: { node: object }) => ({ newAISession: node }));
    expect(nodes).toEqual(before);
  });

  test('it has their keys: a retry returns the session, and none is made', async () => {
    const retried = [];
    for (const input of inputs) retried.push(await create(input));
    expect(retried).toEqual(before);
  });
});
