import { describe, expect, test } from 'vitest';
import { parseDatabaseUrl } from '../../src/database/postgres/database-url.ts';

const read = (options: string) => parseDatabaseUrl(`postgres://user:hush-hush@db/d?${options}`);

describe('a parameter that asks for what happens anyway is taken, and not passed on:', () => {
  test.each([
    'connect_timeout=10',
    'keepalives=1&keepalives_idle=30&keepalives_interval=10&keepalives_count=3&tcp_user_timeout=1000',
    'load_balance_hosts=random',
    'fallback_application_name=psql',
    'channel_binding=prefer&gssencmode=disable&sslcompression=0&sslsni=1',
    'client_encoding=auto',
    'client_encoding=UTF8',
    'target_session_attrs=read-write',
    'ssl_min_protocol_version=TLSv1.2',
    'min_protocol_version=3.0&max_protocol_version=latest',
    'replication=false',
    'schema=public',
    'uselibpqcompat=true&sslmode=require',
  ])('%s', (options) => {
    expect(read(options).parameters).toEqual({});
  });
});

test('a setting of the session is passed on, with its own name', () => {
  expect(
    read('application_name=mine&search_path=other&statement_timeout=9&options=endpoint%3Dep-1').parameters,
  ).toEqual({ application_name: 'mine', search_path: 'other', statement_timeout: '9', options: 'endpoint=ep-1' });
});

test('the password of a key and a list of revoked certificates are parts of TLS', () => {
  const file = import.meta.filename;
  const { tls } = read(`sslmode=require&sslcrl=${file}&sslpassword=secret`);
  expect(tls).toMatchObject({ crl: expect.stringContaining('revoked'), passphrase: 'secret' });
});

describe('a parameter that the server cannot take is refused by name, with what to do:', () => {
  test.each([
    // Of libpq.
    ['channel_binding=require', 'sslmode=verify-full'],
    ['require_auth=scram-sha-256', 'sslmode=verify-full'],
    ['requirepeer=postgres', 'sslmode=verify-full'],
    ['gssencmode=require', 'password'],
    ['krbsrvname=postgres', 'password'],
    ['scram_client_key=hush-hush', 'password'],
    ['oauth_client_secret=hush-hush', 'password'],
    ['hostaddr=127.0.0.1', 'postgres://user:password@host'],
    ['service=mine', 'into the URL'],
    ['passfile=/run/pass', 'into the URL'],
    ['client_encoding=LATIN1', 'UTF-8'],
    ['target_session_attrs=standby', 'accepts writes'],
    ['replication=database', 'replicate'],
    ['DateStyle=German', 'its own'],
    ['min_protocol_version=3.2', '3.0'],
    ['ssl_min_protocol_version=TLSv1.3', '--tls-min-v1.3'],
    ['ssl_max_protocol_version=TLSv1.2', '--tls-max-v1.2'],
    ['sslcrldir=/etc/crl', 'sslcrl'],
    ['sslkeylogfile=/tmp/keys', '--tls-keylog'],
    ['sslcertmode=require', 'certificate'],
    // Of Prisma, postgres.js, node-postgres and others.
    ['schema=app', 'search_path'],
    ['pgbouncer=true', 'DATABASE_PREPARE=off'],
    ['connection_limit=5', 'DATABASE_POOL_SIZE'],
    ['pool_timeout=10', 'DATABASE_TIMEOUT_MS'],
    ['socket_timeout=10', 'DATABASE_TIMEOUT_MS'],
    ['sslaccept=strict', 'sslmode=verify-full'],
    ['statement_cache_size=0', 'DATABASE_PREPARE=off'],
    ['max=20', 'DATABASE_POOL_SIZE'],
    ['prepare=false', 'DATABASE_PREPARE=off'],
    ['idle_timeout=20', 'idle_timeout'],
    ['idleTimeoutMillis=20', 'idleTimeoutMillis'],
    ['connectionTimeoutMillis=20', 'DATABASE_TIMEOUT_MS'],
  ])('%s', (option, advice) => {
    const [name = ''] = option.split('=');
    const refused = () => read(option);
    expect(refused).toThrow(`must not have ${name}`);
    expect(refused).toThrow(advice);
    expect(refused).not.toThrow(/hush-hush/);
  });

  test('several, all at once', () => {
    const several = 'pgbouncer=true&connection_limit=1&connect_timeout=5';
    expect(() => read(several)).toThrow(/^must not have pgbouncer: .*; must not have connection_limit: [^;]*$/);
  });
});
