import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { publish, startKeyServer, type KeyServer } from '../support/key-server.ts';
import { askViewer, outline, refusal, secret, sign } from '../support/sign-token.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';

const provider = {
  AUTH_SECRET: '',
  AUTH_JWKS_URL: 'https://id.example.com/jwks',
  AUTH_ISSUER: 'https://id.example.com/',
  AUTH_AUDIENCE: 'ai-sessions',
};

describe('the configuration', () => {
  test.each(['AUTH_ISSUER', 'AUTH_AUDIENCE'])('of a key set without %s is refused, and says the way out', (name) => {
    expect(() => loadConfig({ ...provider, [name]: '' })).toThrow(
      new RegExp(`faults:\n.*${name}.*AUTH_JWKS_URL.*\\*.*$`),
    );
  });

  test.each([
    ['AUTH_ISSUER', provider],
    ['AUTH_AUDIENCE', provider],
    ['AUTH_ISSUER', { AUTH_SECRET: secret }],
    ['AUTH_AUDIENCE', { AUTH_SECRET: secret }],
  ])('takes %s=* for one that is not checked', (name, environment) => {
    expect(loadConfig({ ...environment, [name]: '*' })).toMatchObject({ [name]: undefined });
  });

  test('has the faults between variables reported beside those of single ones', () => {
    const faulty = { AUTH_SECRET: secret, AUTH_JWKS_URL: provider.AUTH_JWKS_URL, LOG_LEVEL: 'loud', PORT: 'x' };
    const patterns = [/^ +PORT/m, /^ +LOG_LEVEL/m, /^ +AUTH_SECRET/m, /^ +AUTH_ISSUER/m, /^ +AUTH_AUDIENCE/m];
    for (const pattern of patterns) expect(() => loadConfig(faulty)).toThrow(pattern);
  });
});

describe('of the tokens that an identity provider signs,', () => {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  let keyServer: KeyServer;
  let server: TestServer;

  beforeAll(async () => {
    keyServer = await startKeyServer(publish({ keys }));
    server = await startTestServer({ ...provider, AUTH_JWKS_URL: keyServer.url });
  });
  afterAll(async () => {
    await server.stop();
    await keyServer.stop();
  });

  const ours = { iss: provider.AUTH_ISSUER, aud: provider.AUTH_AUDIENCE };
  const ask = (claims: object, header: object = {}) =>
    askViewer(server, `Bearer ${sign(claims, keys.privateKey, { alg: 'ES256', kid: 'keys', ...header })}`);

  test.each(['JWT', 'jwt', 'at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/AT+JWT', undefined])(
    'one for us of the type %s is accepted',
    async (typ) => {
      expect(await ask(ours, { typ })).toMatchObject({ status: 200, data: { viewer: { id: 'alice' } } });
    },
  );

  test.each([
    'logout+jwt',
    'application/logout+jwt',
    'dpop+jwt',
    'secevent+jwt',
    'JOSE',
    'at+jwt ',
    'xat+jwt',
    '',
    null,
    7,
    [['JWT']],
    { toString: 'JWT' },
  ])('one of the type %j is refused', async (typ) => {
    expect(outline(await ask(ours, { typ }))).toEqual(refusal);
  });

  test.each<object>([{ iss: 'https://id.example.org/' }, { iss: undefined }, { aud: 'another' }, { aud: undefined }])(
    'one with %j is refused',
    async (claims) => {
      expect(outline(await ask({ ...ours, ...claims }))).toEqual(refusal);
    },
  );
});
