import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { openEmbedded } from '../../src/database/embedded/open-embedded.ts';
import { openPostgres } from '../../src/database/postgres/open-postgres.ts';
import { createLogger } from '../../src/observability/log.ts';
import { cleanUp, startServer, type ServerProcess } from '../support/server-process.ts';
import { secret } from '../support/sign-token.ts';
import { makeServerDatabase } from '../support/test-database.ts';
import { codeOf, createSession } from '../support/test-server.ts';

const { TEST_DATABASE_URL } = process.env;
// Only PostgreSQL can have more than one.
const serverCount = TEST_DATABASE_URL ? 2 : 1;
const oldKeys = 1200;
/** A busy machine is slow. */
const timeoutMs = 60_000;

let drop: () => Promise<void>;
let servers: ServerProcess[];

/** Writes keys of the user alice, some of which are older than 30 days, before and after others in their order. */
async function writeKeys(environment: Record<string, string>): Promise<void> {
  const config = loadConfig({ ...environment, AUTH_SECRET: secret });
  const log = createLogger('silent', process.stdout);
  const statementLog = { logQuery: () => {} };
  const database = await (config.DATABASE_URL
    ? openPostgres(config.DATABASE_URL, { poolSize: 1, timeoutMs, prepare: true }, log, statementLog)
    : openEmbedded(config.DATA_DIR, timeoutMs, log, statementLog));
  await database.run(
    (orm) =>
      orm.execute(sql`
      insert into idempotency_keys (created_by, key, session_id, payload_hash, date_created)
      select 'alice', kind || number, gen_random_uuid(), 'another payload', now() - make_interval(days => age)
      from (values ('a recent one ', 29, 700), ('an old one ', 31, ${oldKeys}::int), ('the recent one ', 29, 1)) as kinds (kind, age, amount)
      cross join lateral generate_series(1, amount) as number`),
    'lookups',
  );
  await database.close();
}

beforeAll(async () => {
  const { variables: environment, ...database } = await makeServerDatabase();
  ({ drop } = database);
  await writeKeys(environment);
  const start = () => startServer({ ...environment, AUTH_SECRET: secret });
  servers = await Promise.all(Array.from({ length: serverCount }, start));
});
afterAll(async () => {
  await cleanUp();
  await drop();
});

/** How many keys the servers say that they have deleted. */
function countDeleted(): number {
  const lines = servers.flatMap(({ logLines }) => logLines());
  const counts = lines.filter(({ msg }) => msg === 'old idempotency keys deleted').map(({ count }) => Number(count));
  return counts.reduce((sum, count) => sum + count, 0);
}

function create(idempotencyKey: string) {
  const [server] = servers;
  if (!server) throw new Error('no server has started');
  return createSession(server, { idempotencyKey });
}

describe('of the keys that creations have left', () => {
  test('servers delete each that is older than IDEMPOTENCY_DAYS once', async () => {
    await expect.poll(countDeleted).toBe(oldKeys);
  });

  test('one that was deleted creates another session, which is remembered', async () => {
    await expect.poll(countDeleted).toBe(oldKeys);
    const [first, second] = [await create('an old one 700'), await create('an old one 700')];
    expect(first?.data.newAISession.id).toMatch(/^[\da-f-]{36}$/);
    expect(second?.data).toEqual(first?.data);
  });

  test.each(['a recent one 1', 'a recent one 700', 'the recent one 1'])('%s is remembered', async (key) => {
    await expect.poll(countDeleted).toBe(oldKeys);
    expect(codeOf(await create(key))).toBe('IDEMPOTENCY_KEY_REUSED');
  });
});
