import { describe, expect, test } from 'vitest';
import { parseDatabaseUrl } from '../../src/database/postgres/database-url.ts';

describe('the addresses of a URL', () => {
  test.each([
    ['postgres://db/d', [{ host: 'db', port: 5432 }]],
    ['postgresql://db:6000/d', [{ host: 'db', port: 6000 }]],
    ['postgres://user:pass@db/d', [{ host: 'db', port: 5432 }]],
    ['postgres:///d', [{ host: 'localhost', port: 5432 }]],
    ['postgres://:6000/d', [{ host: 'localhost', port: 6000 }]],
    ['postgres://[::1]:6000/d', [{ host: '::1', port: 6000 }]],
    ['postgres:///d?host=/run/pg', [{ path: '/run/pg/.s.PGSQL.5432' }]],
    ['postgres://%2Frun%2Fpg:6000/d', [{ path: '/run/pg/.s.PGSQL.6000' }]],
    ['postgres:///d?host=db&port=6000', [{ host: 'db', port: 6000 }]],
    ['postgres://u:p@/d?host=/cloudsql/project:region:name', [{ path: '/cloudsql/project:region:name/.s.PGSQL.5432' }]],
    ['postgres://u:p@localhost/d?host=/cloudsql/a:b:c', [{ path: '/cloudsql/a:b:c/.s.PGSQL.5432' }]],
    ['postgres://u:p@%2Fcloudsql%2Fa%3Ab%3Ac/d', [{ path: '/cloudsql/a:b:c/.s.PGSQL.5432' }]],
  ])('%s', (url, addresses) => {
    expect(parseDatabaseUrl(url).addresses).toEqual(addresses);
  });

  test.each([
    ['postgres://one,two:6000,three/d', ['one:5432', 'two:6000', 'three:5432']],
    ['postgres://u:p@one:1,two:2/d?sslmode=require', ['one:1', 'two:2']],
    ['postgres:///d?host=one,two&port=1,2', ['one:1', 'two:2']],
    ['postgres:///d?host=one,two&port=6000', ['one:6000', 'two:6000']],
  ])('are several in %s', (url, addresses) => {
    const found = parseDatabaseUrl(url).addresses;
    expect(found.map((address) => ('path' in address ? address.path : `${address.host}:${address.port}`))).toEqual(
      addresses,
    );
  });
});

describe('the description of a URL', () => {
  test.each([
    ['postgres://user:hush-hush@db/d?application_name=hush-hush', 'db:5432/d'],
    ['postgres://one:1,two:2/d', 'one:1,two:2/d'],
    ['postgres://[::1]:6000/d', '[::1]:6000/d'],
    ['postgres:///d?host=/run/pg', '/run/pg/.s.PGSQL.5432/d'],
  ])('of %s names hosts, ports and the database alone', (url, description) => {
    expect(parseDatabaseUrl(url).description).toBe(description);
  });
});

describe('the credentials of a URL', () => {
  test('are decoded', () => {
    const { credentials } = parseDatabaseUrl('postgres://a%40b:p%3Aw%2F@db/my%20data');
    expect(credentials).toEqual({ user: 'a@b', password: 'p:w/', database: 'my data' });
  });

  test('come behind the question mark, too, where a plus is a plus', () => {
    const { credentials } = parseDatabaseUrl('postgres://db/first?user=a&password=b+c%2F=&dbname=second');
    expect(credentials).toEqual({ user: 'a', password: 'b+c/=', database: 'second' });
  });

  test('may hold any character that has no meaning in a URL', () => {
    const { credentials } = parseDatabaseUrl('postgres://ä:p:&=+$!*"<>^`{|}\\~ü@db/a%2Fb');
    expect(credentials).toEqual({ user: 'ä', password: 'p:&=+$!*"<>^`{|}\\~ü', database: 'a/b' });
  });

  test('are left out where the URL has none', () => {
    expect(parseDatabaseUrl('postgres://db').credentials).toEqual({});
  });

  test('are no parameters of the session, as other options are', () => {
    const url = 'postgres://db/d?user=a&password=b&sslmode=require&application_name=mine&options=-c%20work_mem%3D5MB';
    expect(parseDatabaseUrl(url).parameters).toEqual({ application_name: 'mine', options: '-c work_mem=5MB' });
  });
});

describe('the encryption of a URL', () => {
  test.each([
    ['', ['off'], false],
    ['sslmode=disable', ['off'], false],
    ['sslmode=allow', ['off', 'on'], false],
    ['sslmode=prefer', ['ifOffered', 'off'], false],
    ['sslmode=require', ['on'], false],
    ['sslmode=verify-full', ['on'], true],
    ['sslrootcert=system', ['on'], true],
    ['sslmode=require&sslrootcert=system', ['on'], true],
    ['sslmode=no-verify', ['on'], false],
    ['ssl=true', ['on'], false],
    ['ssl=1', ['on'], false],
    ['ssl=require', ['on'], false],
    ['ssl=verify-full', ['on'], true],
    ['ssl=false', ['off'], false],
  ])('with "%s" is tried as %j', (options, encryption, isVerified) => {
    const parsed = parseDatabaseUrl(`postgres://db/d?${options}`);
    expect({ encryption: parsed.encryption, isVerified: parsed.tls.rejectUnauthorized }).toEqual({
      encryption,
      isVerified,
    });
  });

  test('looks at the name in the certificate for verify-full alone', () => {
    const [full, require] = ['verify-full', 'require'].map(
      (mode) => parseDatabaseUrl(`postgres://db/d?sslmode=${mode}`).tls,
    );
    expect(full?.checkServerIdentity).toBeUndefined();
    expect(require?.checkServerIdentity?.('db', Object.create(null))).toBeUndefined();
  });

  test('is on, and the certificate is checked, where a CA is named', () => {
    const { encryption, tls } = parseDatabaseUrl(`postgres://db/d?sslrootcert=${import.meta.filename}`);
    expect(encryption).toEqual(['on']);
    expect(tls.rejectUnauthorized).toBe(true);
  });

  test('begins at once with sslnegotiation=direct', () => {
    expect(parseDatabaseUrl('postgres://db/d?sslmode=require&sslnegotiation=direct').isDirectTls).toBe(true);
    expect(parseDatabaseUrl('postgres://db/d?sslmode=require').isDirectTls).toBe(false);
  });
});

test.each([
  ['another scheme', 'mysql://u:hush-hush@db/d', /must be like postgres:/],
  ['no scheme', 'u:hush-hush@db/d', /must be like postgres:/],
  ['a port that is no number', 'postgres://u:hush-hush@db:port/d', /must be like postgres:/],
  ['a password in the place of the host', 'postgres://u:hush-hush/d', /must be like postgres:/],
  ['a port that is too high', 'postgres://u:hush-hush@/d?host=db&port=65536', /ports from 1 to 65535/],
  ['a port of 0', 'postgres://u:hush-hush@/d?host=db&port=0', /ports from 1 to 65535/],
  ['fewer ports than hosts', 'postgres://u:hush-hush@/d?host=a,b,c&port=1,2', /ports from 1 to 65535/],
  ['an unknown sslmode', 'postgres://u:hush-hush@db/d?sslmode=maybe', /sslmode of disable, allow/],
  ['an unknown ssl', 'postgres://u:hush-hush@db/d?ssl=maybe', /sslmode of disable, allow/],
  ['a file that is not there', 'postgres://u:hush-hush@db/d?sslmode=require&sslrootcert=/no/such', /\/no\/such/],
  ['a certificate without its key', 'postgres://u:hush-hush@db/d?sslcert=a', /both sslcert and sslkey/],
  ['verify-ca without a CA', 'postgres://u:hush-hush@db/d?sslmode=verify-ca', /needs sslrootcert/],
])('a URL with %s is refused in words, without its password', (_fault, url, words) => {
  const refused = () => parseDatabaseUrl(url);
  expect(refused).toThrow(words);
  expect(refused).not.toThrow(/hush-hush/);
});

describe('a password that is not percent-encoded is answered with what to do, and not repeated:', () => {
  const passwords = '@/?#[] \t\n%'.split('').map((character) => `hush${character}hush`);

  test.each([
    ...passwords,
    '12/hush',
    '12?hush',
    '12?a=hush',
    '12#hush',
    '12?a=b@hush',
    'hush%zz',
    '%ff-hush',
    'hush%00',
  ])('%j', (password) => {
    for (const url of [`postgres://user:${password}@db:5432/d`, `postgres://user:${password}@one,two/d?a=b`]) {
      const { message, cause } = refusalOf(url);
      expect(message).toMatch(/Percent-encode the password/);
      expect(`${message} ${String(cause)}`).not.toContain('hush');
    }
  });

  test.each(['a%zz', 'hush@hush', 'hush#hush', 'hush&hush', 'hush&hush-=a', '%ff-hush'])('password=%s', (password) => {
    const { message, cause } = refusalOf(`postgres://db/d?user=u&password=${password}`);
    expect(message).toMatch(/Percent-encode the password/);
    expect(`${message} ${String(cause)}`).not.toContain('hush');
  });
});

function refusalOf(url: string): Error {
  try {
    return new Error(`taken: ${JSON.stringify(parseDatabaseUrl(url))}`);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
