import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { migratePostgres } from '../../../src/database/postgres/migrate-postgres.ts';
import { canRunPostgres, startPostgres, type PostgresServer } from '../../support/postgres-server.ts';
import { makeToken, startService, type PostgresService } from '../../support/postgres-service.ts';
import { cleanUp, runScript } from '../../support/server-process.ts';
import { secret } from '../../support/sign-token.ts';

describe.skipIf(!canRunPostgres)('a role that may not do everything', () => {
  let database: PostgresServer;
  let url: string;
  let service: PostgresService;

  const refuseAtStart = async (DATABASE_URL = url) => {
    const { code, stdout, stderr } = await runScript('src/main.ts', [], { DATABASE_URL, AUTH_SECRET: secret });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).not.toMatch(/^ +at /m);
    return stderr;
  };
  const readReadiness = async () => {
    const response = await fetch(`${service.url}/ready`);
    return { code: response.status, status: (await response.json()).status };
  };
  const useTables = `
    grant usage on schema drizzle to guest;
    grant select on drizzle.__drizzle_migrations to guest;
    grant select, insert, update (name) on accounts to guest;
    grant select, insert, delete on idempotency_keys to guest;
    grant select, insert, update, delete on ai_sessions to guest;
    alter role guest reset search_path`;

  beforeAll(async () => {
    database = await startPostgres();
    url = database.url.replace('app@', 'guest@');
    await database.query(`create role guest login; create schema elsewhere; ${useTables}`);
    // A busy machine is slow.
    service = await startService(url, makeToken(), { DATABASE_POOL_SIZE: '2', DATABASE_TIMEOUT_MS: '60000' });
  });
  afterEach(() => database.query(useTables));
  afterAll(async () => {
    await cleanUp();
    await database.remove();
  });

  test('but all that is needed is ready', async () => {
    expect(await readReadiness()).toEqual({ code: 200, status: 'ready' });
    expect(await service.createSession({ idempotencyKey: 'key' })).toMatchObject({ status: 200, errors: undefined });
  });

  test.each([
    ['insert', 'accounts'],
    ['update (name)', 'accounts'],
    ['delete', 'ai_sessions'],
    ['select', 'idempotency_keys'],
  ])('without the right to %s on %s is refused at start, with the grant', async (right, table) => {
    await database.query(`revoke ${right} on ${table} from guest`);
    expect(await refuseAtStart()).toContain(`grant ${right} on ${table} to guest`);
  });

  test('that lost a right is not ready, and the status says the grant', async () => {
    await database.query('revoke insert on idempotency_keys from guest');
    const { code, status } = await readReadiness();
    expect(code).toBe(503);
    expect(status).toContain('grant insert on idempotency_keys to guest');
  });

  test('that lost a right finds the words of PostgreSQL in the log', async () => {
    await database.query('revoke insert on idempotency_keys from guest');
    const { errors } = await service.createSession({ purpose: 'hush-hush' });
    expect(errors?.[0]?.extensions.code).toBe('INTERNAL_SERVER_ERROR');
    await expect.poll(service.output).toContain('permission denied for table idempotency_keys');
    expect(service.output()).not.toContain('hush-hush');
  });

  test('with another search_path is refused at start, in words', async () => {
    await database.query('alter role guest set search_path = elsewhere');
    expect(await refuseAtStart()).toMatch(/guest does not see accounts, ai_sessions, idempotency_keys .*search_path/);
  });

  test('that may not read which migrations there are is refused at start, in words', async () => {
    await database.query('revoke usage on schema drizzle from guest');
    expect(await refuseAtStart()).toMatch(/grant .*usage on the schema drizzle/);
  });

  test('in a database of another encoding is refused at start, in words', async () => {
    const options = `encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C' template template0`;
    await database.query(`create database ascii owner app ${options}`);
    const ascii = database.url.replace(/\/app$/, '/ascii');
    await migratePostgres(ascii);
    expect(await refuseAtStart(ascii)).toMatch(/encoding is SQL_ASCII.*UTF8/);
  });
});
