import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { StartupError } from '../../../src/errors.ts';
import {
  canRunPostgres,
  makeFolder,
  runAsPostgres,
  startPostgres,
  type PostgresServer,
} from '../../support/postgres-server.ts';
import { runScript } from '../../support/server-process.ts';
import { createSession, startTestServer, type TestServer } from '../../support/test-server.ts';

/** Starts the server on a URL that it refuses. Answers what it says. */
async function refuseUrl(url: string): Promise<string> {
  const refusal: unknown = await startTestServer({ DATABASE_URL: url }).catch((error: unknown) => error);
  const message = refusal instanceof StartupError ? refusal.message : `no refusal: ${String(refusal)}`;
  expect(message).not.toMatch(/^no refusal|hush-hush|^ +at /m);
  return message;
}

describe.skipIf(!canRunPostgres)('DATABASE_URL', () => {
  let database: PostgresServer;
  let server: TestServer | undefined;
  /** Where the certificates are. */
  let folder: string;
  let socketFolder: string;

  const openssl = (...parameters: string[]) => promisify(execFile)('openssl', parameters, { cwd: folder });

  /** Makes a certificate of the CA in `ca.crt`, for these names. */
  async function makeCertificate(name: string, subjectAltName: string): Promise<void> {
    await openssl(
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-subj',
      '/CN=db',
    );
    await writeFile(path.join(folder, `${name}.ext`), `subjectAltName=${subjectAltName}`);
    const signer = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'];
    await openssl('x509', '-req', '-in', `${name}.csr`, ...signer, '-extfile', `${name}.ext`, '-out', `${name}.crt`);
  }

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

  beforeAll(async () => {
    database = await startPostgres();
    folder = await makeFolder();
    const subject = ['-subj', '/CN=The CA of this test'];
    await openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ca.key', '-out', 'ca.crt', ...subject);
    await openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'other.key',
      '-out',
      'other.crt',
      ...subject,
    );
    await makeCertificate('address', 'IP:127.0.0.1');
    await makeCertificate('localhost', 'DNS:localhost');
    for (const name of ['address', 'localhost']) await chmod(path.join(folder, `${name}.key`), 0o600);
    if (process.getuid?.() === 0) await promisify(execFile)('chown', ['-R', 'postgres', folder]);
    const [row] = await database.query('show unix_socket_directories');
    socketFolder = String(row?.['unix_socket_directories']);
  });
  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });
  afterAll(async () => {
    await database.remove();
    await runAsPostgres('rm', ['-r', folder]);
  });

  /** Starts the server on a URL, and tells whether its connections are encrypted. */
  async function useUrl(url: string): Promise<'encrypted' | 'plain'> {
    server = await startTestServer({ DATABASE_URL: url });
    expect(await createSession(server)).toMatchObject({ status: 200, errors: undefined });
    expect((await fetch(`${server.url}/ready`)).status).toBe(200);
    const rows = await database.query(
      `select distinct ssl from pg_stat_ssl join pg_stat_activity using (pid) where usename = 'app'`,
    );
    expect(rows).toHaveLength(1);
    return rows[0]?.['ssl'] === true ? 'encrypted' : 'plain';
  }

  const withOptions = (options: string, host = '127.0.0.1') =>
    `postgres://app:hush-hush@${host}:${database.port}/app?${options}`;

  test('may name an IPv6 address', async () => {
    const proxy = createServer((client) => {
      const backend = connect(database.port, '127.0.0.1').on('error', () => client.destroy());
      client
        .on('error', () => backend.destroy())
        .pipe(backend)
        .pipe(client);
    }).listen(0, '::1');
    await once(proxy, 'listening');
    const address = proxy.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    expect(await useUrl(`postgres://app@[::1]:${port}/app`)).toBe('plain');
    proxy.close();
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
    expect(await useUrl(makeUrl(database.port, encodeURIComponent(socketFolder)))).toBe('plain');
  });

  test('sets parameters of the session', async () => {
    await useUrl(withOptions('application_name=mine&options=-c%20work_mem%3D5MB'));
    expect(
      await database.query(`select distinct application_name from pg_stat_activity where usename = 'app'`),
    ).toEqual([{ application_name: 'mine' }]);
  });

  test.each([
    ['disable', 'plain'],
    ['allow', 'plain'],
    ['prefer', 'encrypted'],
    ['require', 'encrypted'],
  ])('with sslmode=%s, on a server that offers TLS, is %s', async (mode, expected) => {
    await serveTls('address');
    expect(await useUrl(withOptions(`sslmode=${mode}`))).toBe(expected);
  });

  test.each(['disable', 'allow', 'prefer'])('with sslmode=%s, on a server without TLS, is plain', async (mode) => {
    await serveTls(undefined);
    expect(await useUrl(withOptions(`sslmode=${mode}`))).toBe('plain');
  });

  test('with sslmode=require, on a server without TLS, is refused', async () => {
    await serveTls(undefined);
    expect(await refuseUrl(withOptions('sslmode=require'))).toContain('does not offer TLS');
  });

  test('with sslmode=allow, on a server that insists on TLS, is encrypted', async () => {
    await serveTls('address', 'hostssl all all all trust');
    expect(await useUrl(withOptions('sslmode=allow'))).toBe('encrypted');
  });

  test('with sslmode=prefer, on a server that takes no TLS from this client, is plain', async () => {
    await serveTls('address', 'hostnossl all all all trust');
    expect(await useUrl(withOptions('sslmode=prefer'))).toBe('plain');
  });

  test.each([
    ['verify-full by address', 'address', '127.0.0.1', 'verify-full', 'ca.crt'],
    ['verify-full by name', 'localhost', 'localhost', 'verify-full', 'ca.crt'],
    ['verify-ca, whatever the name', 'localhost', '127.0.0.1', 'verify-ca', 'ca.crt'],
    ['require with the CA, whatever the name', 'localhost', '127.0.0.1', 'require', 'ca.crt'],
  ])('accepts the right certificate for %s', async (_case, certificate, host, mode, root) => {
    await serveTls(certificate);
    expect(await useUrl(withOptions(`sslmode=${mode}&sslrootcert=${folder}/${root}`, host))).toBe('encrypted');
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

  test.each([
    ['an sslmode that there is not', 'sslmode=verify', 'sslmode'],
    ['a file that is not there', 'sslmode=verify-full&sslrootcert=/no/such/file', '/no/such/file'],
    ['verify-ca without a CA', 'sslmode=verify-ca', 'sslrootcert'],
    ['a port that is none', 'host=/tmp&port=first', 'ports'],
  ])('with %s is refused in words', async (_fault, options, words) => {
    const answer = await refuseUrl(withOptions(options));
    expect(answer).toContain('DATABASE_URL');
    expect(answer).toContain(words);
  });
});
