import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCertificates } from '../../support/certificates.ts';
import { refuseUrl, useUrl } from '../../support/database-url-trial.ts';
import { canRunPostgres, runAsPostgres, startPostgres, type PostgresServer } from '../../support/postgres-server.ts';
import { runScript } from '../../support/server-process.ts';

describe.skipIf(!canRunPostgres)('DATABASE_URL', () => {
  let database: PostgresServer;
  let folder: string;

  beforeAll(async () => {
    [database, folder] = await Promise.all([startPostgres(), makeCertificates()]);
  });
  afterAll(async () => {
    await database.remove();
    await runAsPostgres('rm', ['-r', folder]);
  });

  const withOptions = (options: string, host = '127.0.0.1') =>
    `postgres://app:hush-hush@${host}:${database.port}/app?${options}`;

  /** Has PostgreSQL serve TLS with a certificate, or none. */
  async function serveTls(certificate: string | undefined, hba = 'host all all all trust'): Promise<void> {
    const [row] = await database.query('show hba_file');
    await writeFile(String(row?.['hba_file']), `local all all trust\nhost all postgres all trust\n${hba}\n`);
    const statements = certificate
      ? [`ssl_cert_file = '${folder}/${certificate}.crt'`, `ssl_key_file = '${folder}/${certificate}.key'`, 'ssl = on']
      : ['ssl = off'];
    for (const statement of statements) await database.query(`alter system set ${statement}`);
    await database.query('select pg_reload_conf()');
    await expect.poll(async () => (await database.query('show ssl'))[0]).toEqual({ ssl: certificate ? 'on' : 'off' });
  }

  test.each([
    ['disable', 'plain'],
    ['allow', 'plain'],
    ['prefer', 'encrypted'],
    ['require', 'encrypted'],
  ])('with sslmode=%s, on a server that offers TLS, is %s', async (mode, expected) => {
    await serveTls('address');
    expect(await useUrl(database, withOptions(`sslmode=${mode}`))).toMatchObject({ encryption: expected });
  });

  test.each(['disable', 'allow', 'prefer'])('with sslmode=%s, on a server without TLS, is plain', async (mode) => {
    await serveTls(undefined);
    expect(await useUrl(database, withOptions(`sslmode=${mode}`))).toMatchObject({ encryption: 'plain' });
  });

  test('with sslmode=require, on a server without TLS, is refused', async () => {
    await serveTls(undefined);
    expect(await refuseUrl(withOptions('sslmode=require'))).toContain('does not offer TLS');
  });

  test('with sslmode=allow, on a server that insists on TLS, is encrypted', async () => {
    await serveTls('address', 'hostssl all all all trust');
    expect(await useUrl(database, withOptions('sslmode=allow'))).toMatchObject({ encryption: 'encrypted' });
  });

  test('with sslmode=prefer, on a server that takes no TLS from this client, is plain', async () => {
    await serveTls('address', 'hostnossl all all all trust');
    expect(await useUrl(database, withOptions('sslmode=prefer'))).toMatchObject({ encryption: 'plain' });
  });

  test.each([
    ['verify-full by address', 'address', '127.0.0.1', 'verify-full', 'ca.crt'],
    ['verify-full by name', 'localhost', 'localhost', 'verify-full', 'ca.crt'],
    ['verify-ca, whatever the name', 'localhost', '127.0.0.1', 'verify-ca', 'ca.crt'],
    ['require with the CA, whatever the name', 'localhost', '127.0.0.1', 'require', 'ca.crt'],
  ])('accepts the right certificate for %s', async (_case, certificate, host, mode, root) => {
    await serveTls(certificate);
    expect(await useUrl(database, withOptions(`sslmode=${mode}&sslrootcert=${folder}/${root}`, host))).toMatchObject({
      encryption: 'encrypted',
    });
  });

  test.each([
    ['verify-full by address, of a name', 'localhost', '127.0.0.1', 'verify-full', 'ca.crt'],
    ['verify-full by name, of an address', 'address', 'localhost', 'verify-full', 'ca.crt'],
    ['verify-full, of another CA', 'address', '127.0.0.1', 'verify-full', 'other.crt'],
    ['verify-ca, of another CA', 'address', '127.0.0.1', 'verify-ca', 'other.crt'],
    ['require with the CA, of another CA', 'address', '127.0.0.1', 'require', 'other.crt'],
  ])('refuses a wrong certificate for %s', async (_case, certificate, host, mode, root) => {
    await serveTls(certificate);
    const answer = await refuseUrl(withOptions(`sslmode=${mode}&sslrootcert=${folder}/${root}`, host));
    expect(answer).toMatch(/certificate|altnames/i);
  });

  test('refuses a certificate of a CA that nobody named, with verify-full', async () => {
    await serveTls('address');
    expect(await refuseUrl(withOptions('sslmode=verify-full'))).toMatch(/certificate/);
  });

  test('lets npm run migrate use TLS as the server does', async () => {
    await serveTls('address', 'hostssl all all all trust');
    const DATABASE_URL = withOptions(`sslmode=verify-full&sslrootcert=${folder}/ca.crt`);
    expect(await runScript('src/commands/migrate.ts', [], { DATABASE_URL })).toMatchObject({ code: 0, stderr: '' });
  });
});
