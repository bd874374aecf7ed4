import { describe, expect, test } from 'vitest';
import { parseDatabaseUrl } from '../../src/database/postgres/database-url.ts';

describe('a URL names its hosts:', () => {
  test.each([
    ['one', 'postgres://db.example.com/app', [{ host: 'db.example.com', port: 5432 }]],
    ['one with its port', 'postgresql://db:6432/app', [{ host: 'db', port: 6432 }]],
    ['none, which is this machine', 'postgres:///app', [{ host: 'localhost', port: 5432 }]],
    [
      'two with their ports',
      'postgres://one:1,two:2/app',
      [
        { host: 'one', port: 1 },
        { host: 'two', port: 2 },
      ],
    ],
    ['an IPv6 address', 'postgres://[::1]:6432/app', [{ host: '::1', port: 6432 }]],
    ['the folder of a Unix socket', 'postgres:///app?host=/run/pg&port=6432', [{ path: '/run/pg/.s.PGSQL.6432' }]],
  ])('%s', (_which, url, addresses) => {
    expect(parseDatabaseUrl(url).addresses).toEqual(addresses);
  });
});

test.each([
  ['', ['off']],
  ['?sslmode=disable', ['off']],
  ['?sslmode=allow', ['off', 'on']],
  ['?sslmode=prefer', ['ifOffered', 'off']],
  ['?sslmode=require', ['on']],
  ['?ssl=true', ['on']],
  ['?sslmode=verify-full', ['on']],
])('with "%s", encryption is tried as libpq does', (options, encryption) => {
  expect(parseDatabaseUrl(`postgres://db/app${options}`).encryption).toEqual(encryption);
});

test('what people see has no user, no password and no options', () => {
  const { description } = parseDatabaseUrl('postgres://app:hush-hush@one,[::1]:6432/app?application_name=mine');
  expect(description).toBe('one:5432,[::1]:6432/app');
});

test('other options are settings of the session', () => {
  const { parameters } = parseDatabaseUrl('postgres://db/app?sslmode=require&application_name=mine&search_path=own');
  expect(parameters).toEqual({ application_name: 'mine', search_path: 'own' });
});

/** What is checked of the server. */
const whatIsChecked = (mode: string) => {
  const { rejectUnauthorized, checkServerIdentity } = parseDatabaseUrl(`postgres://db/app?sslmode=${mode}`).tls;
  return { certificate: rejectUnauthorized, name: checkServerIdentity === undefined };
};

test('the certificate is checked, with the name of the host, only where it is asked for', () => {
  expect(whatIsChecked('require')).toEqual({ certificate: false, name: false });
  expect(whatIsChecked('verify-full')).toEqual({ certificate: true, name: true });
});

test.each([
  ['mysql://db/app', 'must be like postgres://'],
  ['postgres://db:first/app', 'must be like postgres://'],
  ['postgres://db:0/app', 'must have ports from 1 to 65535'],
  ['postgres://db/app?sslmode=verify', 'must have an sslmode of disable'],
  ['postgres://db/app?sslmode=verify-ca', 'needs sslrootcert'],
])('%s is refused: it %s', (url, words) => {
  expect(() => parseDatabaseUrl(url)).toThrow(words);
});
