import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { hasPgBouncer, startPgBouncer } from '../../support/pgbouncer.ts';
import { canRunPostgres, startPostgres, type PostgresServer } from '../../support/postgres-server.ts';
import { countWaiting, endBackends, makeToken, startService } from '../../support/postgres-service.ts';
import { cleanUp, killProcesses, runScript } from '../../support/server-process.ts';
import { secret } from '../../support/sign-token.ts';

describe.skipIf(!canRunPostgres || !hasPgBouncer)('behind PgBouncer, without DATABASE_PREPARE=off, the server,', () => {
  let database: PostgresServer;
  let pooler: Awaited<ReturnType<typeof startPgBouncer>> | undefined;

  beforeAll(async () => {
    database = await startPostgres();
  });
  afterEach(async () => {
    await killProcesses();
    await pooler?.stop();
  });
  afterAll(async () => {
    await cleanUp();
    await database.remove();
  });

  const ignored = {
    ignore_startup_parameters: 'statement_timeout,tcp_keepalives_idle,tcp_keepalives_interval,tcp_keepalives_count',
  };

  test('that refuses the parameters of a session, says what to do and exits', async () => {
    pooler = await startPgBouncer(database, 5);
    const { code, stderr, stdout } = await runScript('src/main.ts', [], {
      DATABASE_URL: pooler.url,
      AUTH_SECRET: secret,
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/pooler.*Set DATABASE_PREPARE=off/);
  });

  test.each([
    ['another parameter', 'search_path=public', 'on', 'search_path'],
    ['another parameter, with DATABASE_PREPARE=off,', 'statement_timeout=9000', 'off', 'statement_timeout'],
    ['options', 'options=-c%20work_mem%3D5MB', 'off', 'options'],
  ])('that refuses %s of DATABASE_URL, names it and exits', async (_what, option, DATABASE_PREPARE, name) => {
    pooler = await startPgBouncer(database, 5, DATABASE_PREPARE === 'on' ? ignored : {});
    const variables = { DATABASE_URL: `${pooler.url}?${option}`, AUTH_SECRET: secret, DATABASE_PREPARE };
    const named = expect.stringMatching(`unsupported startup parameter: ${name}: leave it out of DATABASE_URL`);
    for (const script of ['src/main.ts', 'src/commands/migrate.ts']) {
      const end = await runScript(script, [], variables);
      expect(end).toEqual({ code: 1, signal: null, stdout: '', stderr: named });
      expect(end.stderr).not.toMatch(/DATABASE_PREPARE/);
    }
  });

  test('that loses prepared statements, warns once when it happens', async () => {
    pooler = await startPgBouncer(database, 5, ignored);
    const service = await startService(pooler.url, makeToken());
    const warnings = () => service.logLines().filter(({ msg }) => /prepared statements get lost/.test(String(msg)));
    async function useManyConnections() {
      const answers = Array.from({ length: 20 }, () => service.send('{ accounts { edges { node { id } } } }'));
      await Promise.all([...answers, service.createSession(), service.createSession()]);
      return warnings();
    }
    await expect.poll(useManyConnections).toHaveLength(1);
    expect(String(warnings()[0]?.['msg'])).toMatch(/Set DATABASE_PREPARE=off/);
    expect(await useManyConnections()).toHaveLength(1);
  });

  test('in session mode starts', async () => {
    pooler = await startPgBouncer(database, 12, { ...ignored, pool_mode: 'session' });
    const service = await startService(pooler.url, makeToken());
    expect(await service.createSession()).toMatchObject({ status: 200, errors: undefined });
  });
});

describe.skipIf(!canRunPostgres || !hasPgBouncer)('behind PgBouncer in transaction mode', () => {
  let database: PostgresServer;
  let pooler: Awaited<ReturnType<typeof startPgBouncer>>;

  beforeAll(async () => {
    database = await startPostgres();
    pooler = await startPgBouncer(database, 5);
  });
  afterAll(async () => {
    await cleanUp();
    await pooler.stop();
    await database.remove();
  });

  test('a role without a statement_timeout is warned of, with the statement to run', async () => {
    const { logLines } = await startService(pooler.url, makeToken(), { DATABASE_PREPARE: 'off' });
    const remedy = expect.stringContaining('Run: alter role app set statement_timeout = 2700');
    await expect.poll(() => logLines().map(({ msg }) => msg)).toContainEqual(remedy);
  });

  test('a statement that misses its deadline is ended by the statement_timeout of its role', async () => {
    await database.query(`alter role app set statement_timeout = 2700`);
    await endBackends(database);
    const service = await startService(pooler.url, makeToken(), { DATABASE_PREPARE: 'off' });
    const locker = database.connect();
    await locker.unsafe('begin; lock table accounts in access exclusive mode');
    const answer = service.send('{ accounts { totalCount } }');
    await expect.poll(() => countWaiting(database), { interval: 20 }).toBeGreaterThan(0);
    expect(await answer).toMatchObject({ errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }] });
    await expect.poll(() => countWaiting(database), { timeout: 3000 }).toBe(0);
    expect(service.logLines().map(({ msg }) => msg)).not.toContainEqual(expect.stringContaining('alter role'));
    await locker.end({ timeout: 1 });
    await database.query('alter role app reset statement_timeout');
  });

  test('migrations that begin at once all succeed, and leave no lock and no setting behind', async () => {
    await database.query('drop schema public, drizzle cascade; create schema public authorization app');
    const migrate = () => runScript('src/commands/migrate.ts', [], { DATABASE_URL: pooler.url });
    const ends = await Promise.all([migrate(), migrate(), migrate()]);
    expect(ends).toMatchObject(ends.map(() => ({ code: 0, stderr: '' })));
    const locks = await database.query(`select pid from pg_locks where locktype = 'advisory'`);
    expect(locks).toEqual([]);
    const client = postgres(pooler.url);
    expect(await client`show lock_timeout`).toEqual([{ lock_timeout: '0' }]);
    await client.end();
  });
});
