import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refuseUrl, useUrl } from '../../support/database-url-trial.ts';
import { canRunPostgres, startPostgres, type PostgresServer } from '../../support/postgres-server.ts';
import { startProxy } from '../../support/tcp-proxy.ts';

describe.skipIf(!canRunPostgres)('DATABASE_URL', () => {
  let database: PostgresServer;
  let socketFolder: string;

  beforeAll(async () => {
    database = await startPostgres();
    const [row] = await database.query('show unix_socket_directories');
    socketFolder = String(row?.['unix_socket_directories']);
  });
  afterAll(() => database.remove());

  const withOptions = (options: string) => `postgres://app:hush-hush@127.0.0.1:${database.port}/app?${options}`;

  test('may name an IPv6 address', async () => {
    const proxy = await startProxy(database.port, { host: '::1' });
    const url = `postgres://app@[::1]:${proxy.port}/app`;
    expect(await useUrl(database, url)).toMatchObject({ encryption: 'plain' });
    await proxy.close();
  });

  test.each([
    ['host=', (port: number, encoded: string) => `postgres:///app?host=${encoded}&port=${port}&user=app`],
    ['host= and a user', (port: number, encoded: string) => `postgres://app@/app?host=${encoded}&port=${port}`],
    [
      'host=, unencoded',
      (port: number, encoded: string) => `postgres://app@:${port}/app?host=${decodeURIComponent(encoded)}`,
    ],
    ['an encoded host', (port: number, encoded: string) => `postgres://app:hush@${encoded}:${port}/app`],
    ['an encoded host and port=', (port: number, encoded: string) => `postgresql://app@${encoded}/app?port=${port}`],
  ])('may name a Unix socket by %s', async (_way, makeUrl) => {
    const url = makeUrl(database.port, encodeURIComponent(socketFolder));
    expect(await useUrl(database, url)).toMatchObject({ encryption: 'plain' });
  });

  test('sets parameters of the session', async () => {
    const url = withOptions('application_name=mine&options=-c%20work_mem%3D5MB');
    expect(await useUrl(database, url)).toMatchObject({ name: 'mine' });
  });

  test('may have parameters of libpq that PostgreSQL itself does not know', async () => {
    const lost = 'keepalives=1&connect_timeout=5&tcp_user_timeout=9&channel_binding=prefer&client_encoding=auto';
    const url = withOptions(`${lost}&load_balance_hosts=random&fallback_application_name=mine&dbname=app`);
    expect(await useUrl(database, url.replace('/app?', '/no_such?'))).toMatchObject({ name: 'ai-sessions' });
  });

  test('with a parameter that PostgreSQL does not know is refused, with what to do', async () => {
    const message = await refuseUrl(withOptions('work_mem=5MB&some_thing=hush-hush'));
    expect(message).toMatch(/unrecognized configuration parameter "some_thing": leave it out of DATABASE_URL/);
  });

  test.each([
    ['an sslmode that there is not', 'sslmode=verify', 'sslmode'],
    ['a file that is not there', 'sslmode=verify-full&sslrootcert=/no/such/file', '/no/such/file'],
    ['verify-ca without a CA', 'sslmode=verify-ca', 'sslrootcert'],
    ['a port that is none', 'host=/tmp&port=first', 'ports'],
    ['a parameter of another driver', 'connection_limit=5', 'DATABASE_POOL_SIZE'],
  ])('with %s is refused in words', async (_fault, options, words) => {
    const answer = await refuseUrl(withOptions(options));
    expect(answer).toContain('DATABASE_URL');
    expect(answer).toContain(words);
  });
});
