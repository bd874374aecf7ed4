import { existsSync } from 'node:fs';
import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { GraphQLServer } from '../../support/graphql.ts';
import { cleanUp, makeFolder, runScript, startServer, type ServerProcess } from '../../support/server-process.ts';
import { secret } from '../../support/sign-token.ts';
import { copyDataFolder } from '../../support/test-database.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

const runCommand = (parameters: string[], environment: Record<string, string>) =>
  runScript('src/commands/token.ts', parameters, environment);

async function makeToken(parameters: string[], environment: Record<string, string>): Promise<string> {
  const { code, stdout, stderr } = await runCommand(parameters, environment);
  const signedWith = environment['AUTH_SECRET'] ? 'AUTH_SECRET' : `the secret in ${environment['DATA_DIR']}`;
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: `Signed with ${signedWith}. A server that has another secret refuses this token.\n`,
  });
  expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  return stdout.trim();
}

async function askViewer({ graphql }: GraphQLServer, token: string) {
  const { status, data } = await graphql('{ viewer { id roles } }', {}, { token });
  return { status, viewer: data?.viewer };
}

describe('with the secret of the embedded database', () => {
  let folder: string;
  let server: ServerProcess;

  beforeAll(async () => {
    folder = await copyDataFolder();
    server = await startServer({ DATA_DIR: folder });
  });
  afterAll(cleanUp);

  test('a token of an administrator is accepted as such', async () => {
    const parameters = ['--sub', 'alice', '--role', 'SystemAdministrator', '--expires', '8h'];
    const token = await makeToken(parameters, { DATA_DIR: folder });
    expect(await askViewer(server, token)).toEqual({
      status: 200,
      viewer: { id: 'alice', roles: ['SystemAdministrator'] },
    });
  });

  test('a role may be repeated', async () => {
    const token = await makeToken(['--sub', 'bob', '--role', 'a', '--role', 'b'], { DATA_DIR: folder });
    expect(await askViewer(server, token)).toEqual({ status: 200, viewer: { id: 'bob', roles: ['a', 'b'] } });
  });

  test('a role may be left out', async () => {
    const token = await makeToken(['--sub', 'carol'], { DATA_DIR: folder });
    expect(await askViewer(server, token)).toEqual({ status: 200, viewer: { id: 'carol', roles: [] } });
  });

  test('--expires says how long it is valid', async () => {
    const { exp = 0, iat = 0 } = decodeJwt(
      await makeToken(['--sub', 'dora', '--expires', '30m'], { DATA_DIR: folder }),
    );
    expect(exp - iat).toBe(1800);
  });
});

describe('with AUTH_SECRET', () => {
  const claims = {
    AUTH_SECRET: secret,
    AUTH_ISSUER: 'https://id.example.com/',
    AUTH_AUDIENCE: 'ai-sessions',
    AUTH_ROLES_CLAIM: 'realm_access.roles',
  };
  const administrator = ['--sub', 'alice', '--role', 'SystemAdministrator'];
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer(claims);
  });
  afterAll(async () => {
    await server.stop();
    await cleanUp();
  });

  test('a token has the claims that the server asks for', async () => {
    const token = await makeToken(administrator, claims);
    expect(decodeJwt(token)).toMatchObject({
      sub: 'alice',
      iss: 'https://id.example.com/',
      aud: 'ai-sessions',
      realm_access: { roles: ['SystemAdministrator'] },
    });
    expect(await askViewer(server, token)).toEqual({
      status: 200,
      viewer: { id: 'alice', roles: ['SystemAdministrator'] },
    });
  });

  test.each(['AUTH_SECRET', 'AUTH_ISSUER', 'AUTH_AUDIENCE'])('a token made without %s is refused', async (name) => {
    const token = await makeToken(administrator, { DATA_DIR: await makeFolder(), ...claims, [name]: '' });
    expect(await askViewer(server, token)).toMatchObject({ status: 401 });
  });

  test('no secret is written into the folder', async () => {
    const folder = await makeFolder();
    await makeToken(administrator, { DATA_DIR: folder, ...claims });
    expect(existsSync(`${folder}/secret`)).toBe(false);
  });
});

describe('a wrong call', () => {
  afterEach(cleanUp);

  test.each([
    ['a missing --sub', [], '--sub'],
    ['an empty --sub', ['--sub', ''], '--sub'],
    ['a --sub without a value', ['--sub'], '--sub'],
    ['an unknown option', ['--sub', 'alice', '--admin'], '--admin'],
    ['a word that belongs to no option', ['alice'], 'alice'],
    ['a bad --expires', ['--sub', 'alice', '--expires', 'soon'], 'expires'],
    ['an empty --expires', ['--sub', 'alice', '--expires', ''], 'expires'],
  ])('because of %s is reported', async (_fault, parameters, named) => {
    const { code, stdout, stderr } = await runCommand(parameters, { DATA_DIR: await makeFolder() });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(named);
    expect(stderr).not.toMatch(/^ +at /m);
  });

  test('because of a faulty configuration is reported', async () => {
    const { code, stdout, stderr } = await runCommand(['--sub', 'alice'], { AUTH_SECRET: 'short' });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('AUTH_SECRET');
    expect(stderr).not.toMatch(/^ +at /m);
  });
});
