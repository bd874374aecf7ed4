import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { CompactSign, exportJWK, type CompactJWSHeaderParameters } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countRows, createSession, secret, startTestServer } from './test-server.ts';
import type { GraphQLAnswer, TestServer } from './test-server.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;
const goodClaims = { sub: 'alice', roles: ['SystemAdministrator'], exp: inSeconds(3600) };

/** Signs a token whose claims are good where `claims` does not say otherwise: undefined leaves a claim out. */
function sign(
  claims: object = {},
  key: Uint8Array | KeyObject = bytes(secret),
  header: CompactJWSHeaderParameters = { alg: 'HS256' },
): Promise<string> {
  const crit = Object.fromEntries((header.crit ?? []).map((name) => [name, true]));
  const payload = bytes(JSON.stringify({ ...goodClaims, ...claims }));
  return new CompactSign(payload).setProtectedHeader(header).sign(key, { crit });
}

const askViewer = (server: TestServer, Authorization: string) =>
  server.graphql('{ viewer { id roles } }', {}, { token: null, headers: { Authorization } });

async function viewerOf(server: TestServer, claims: object) {
  const { data } = await askViewer(server, `Bearer ${await sign(claims)}`);
  return data.viewer;
}

const outline = ({ status, data, errors, headers }: GraphQLAnswer) => ({
  status,
  data,
  code: errors?.[0]?.extensions.code,
  challenge: headers.get('WWW-Authenticate'),
});

const challenge = expect.stringMatching(/^Bearer\b.*\berror="invalid_token"/);
const refusal = { status: 401, data: undefined, code: 'UNAUTHENTICATED', challenge };

describe('with a secret', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  const unsigned = `${encode({ alg: 'none' })}.${encode(goodClaims)}.`;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

  test.each<[string, () => string | Promise<string>]>([
    ['no text', () => ''],
    ['garbage', () => 'garbage'],
    ['a good token and something behind it', async () => `${await sign()} ${await sign()}`],
    ['no signature', () => unsigned],
    ['no algorithm but a signature', async () => unsigned + (await sign()).split('.')[2]],
    ['other claims than were signed', async () => (await sign()).replace(/\.[^.]+\./, `.${encode({ sub: 'bob' })}.`)],
    ['another secret', () => sign({}, bytes('a secret that somebody else has made up'))],
    ['another algorithm of the same family', () => sign({}, bytes(secret), { alg: 'HS512' })],
    ['an RSA key', () => sign({}, privateKey, { alg: 'RS256' })],
    ['a critical header', () => sign({}, bytes(secret), { alg: 'HS256', crit: ['urn:x'], 'urn:x': 1 })],
    ['an expiry that is past', () => sign({ exp: inSeconds(-60) })],
    ['a start that is to come', () => sign({ nbf: inSeconds(600) })],
    ['no expiry', () => sign({ exp: undefined })],
    ['no sub', () => sign({ sub: undefined })],
    ['an empty sub', () => sign({ sub: '' })],
    ['a numeric sub', () => sign({ sub: 7 })],
    ['a sub of 256 characters', () => sign({ sub: 's'.repeat(256) })],
    ['a sub with NUL', () => sign({ sub: 'alice\0' })],
  ])('a token of %s is refused, even where none is needed, before anything runs', async (_kind, make) => {
    const [before, Authorization] = [await countRows(server), `Bearer ${await make()}`];
    expect(outline(await askViewer(server, Authorization))).toEqual(refusal);
    const creation = await createSession(server, {}, { token: null, headers: { Authorization } });
    expect(outline(creation)).toEqual(refusal);
    expect(await countRows(server)).toBe(before);
  });

  test('a token that was accepted is refused from its expiry on', async () => {
    const Authorization = `Bearer ${await sign({ exp: inSeconds(2) })}`;
    expect(await askViewer(server, Authorization)).toMatchObject({ status: 200 });
    await expect
      .poll(async () => outline(await askViewer(server, Authorization)), { timeout: 10_000 })
      .toEqual(refusal);
  });

  test('a token with a sub of 255 characters is accepted', async () => {
    expect(await viewerOf(server, { sub: 's'.repeat(255) })).toMatchObject({ id: 's'.repeat(255) });
  });

  test.each(['Bearer', 'bearer', 'BEARER'])('the scheme may be written %s', async (scheme) => {
    const { data } = await askViewer(server, `${scheme} ${await sign()}`);
    expect(data).toEqual({ viewer: { id: 'alice', roles: ['SystemAdministrator'] } });
  });

  test.each(['Basic YWxpY2U6c2VjcmV0', 'Bearerish x', 'Negotiate'])(
    '%s counts as signed out',
    async (authorization) => {
      expect(await askViewer(server, authorization)).toMatchObject({ status: 200, data: { viewer: null } });
    },
  );

  test.each([
    ['text', 'SystemAdministrator', []],
    ['left out', undefined, []],
    ['a list with more than texts', ['Agent', 7, null, ['SystemAdministrator']], ['Agent']],
  ])('a roles claim that is %s grants nothing but its texts', async (_kind, roles, granted) => {
    expect(await viewerOf(server, { roles })).toEqual({ id: 'alice', roles: granted });
  });

  test('no token is ever logged', async () => {
    const tokens = [await sign(), await sign({ exp: inSeconds(-60) }), await sign({}, bytes('x'.repeat(32)))];
    for (const token of tokens) {
      await askViewer(server, `Bearer ${token}`);
      await fetch(`${server.url}/graphql?token=${token}&query={viewer{id}}`, { headers: { Accept: 'text/html' } });
      await fetch(`${server.url}/nowhere?token=${token}`, { headers: { Authorization: token } });
    }
    await expect.poll(() => server.logLines().filter(({ path }) => path === '/nowhere').length).toBe(tokens.length);
    const log = JSON.stringify(server.logLines());
    const parts = tokens.flatMap((token) => token.split('.').slice(1));
    expect(parts.filter((part) => log.includes(part))).toEqual([]);
  });
});

test('issuer and audience are checked where they are set', async () => {
  const server = await startTestServer({ AUTH_ISSUER: 'https://id.example.com', AUTH_AUDIENCE: 'sessions' });
  const good = { iss: 'https://id.example.com', aud: ['other', 'sessions'] };
  expect(await viewerOf(server, good)).toMatchObject({ id: 'alice' });
  for (const bad of [{ iss: 'https://evil.example.com' }, { iss: undefined }, { aud: 'other' }, { aud: undefined }]) {
    expect(outline(await askViewer(server, `Bearer ${await sign({ ...good, ...bad })}`))).toEqual(refusal);
  }
  await server.stop();
});

test('roles are read from inside another claim', async () => {
  const server = await startTestServer({ AUTH_ROLES_CLAIM: 'realm_access.roles' });
  expect(await viewerOf(server, { realm_access: { roles: ['Agent'] } })).toEqual({ id: 'alice', roles: ['Agent'] });
  expect(await viewerOf(server, { realm_access: 'none' })).toEqual({ id: 'alice', roles: [] });
  await server.stop();
});

/** Publishes a key set, the way an identity provider does, and answers its URL. */
async function publish(status: number, body: object): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  });
  await once(server.listen(0, '127.0.0.1').unref(), 'listening');
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/jwks`;
}

describe('with a key set', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicText = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  let server: TestServer;

  beforeAll(async () => {
    const pairs = Object.entries({ rsa, renamed: rsa, elliptic });
    const keys = pairs.map(async ([kid, { publicKey }]) => ({ ...(await exportJWK(publicKey)), kid }));
    const AUTH_JWKS_URL = await publish(200, { keys: await Promise.all(keys) });
    server = await startTestServer({ AUTH_SECRET: '', AUTH_JWKS_URL });
  });
  afterAll(() => server.stop());

  test.each([
    ['RS256', 'rsa', rsa.privateKey],
    ['ES256', 'elliptic', elliptic.privateKey],
  ])('a token signed by %s is accepted', async (alg, kid, key) => {
    const { data } = await askViewer(server, `Bearer ${await sign({}, key, { alg, kid })}`);
    expect(data).toEqual({ viewer: { id: 'alice', roles: ['SystemAdministrator'] } });
  });

  test.each<[string, () => string | Promise<string>]>([
    ['the text of the public key', () => sign({}, bytes(publicText), { alg: 'HS256', kid: 'rsa' })],
    ['the secret of other servers', () => sign()],
    ['a key that is not in the set', () => sign({}, other.privateKey, { alg: 'RS256', kid: 'other' })],
    ['another key under a known name', () => sign({}, other.privateKey, { alg: 'RS256', kid: 'rsa' })],
    ['no name of a key, where two would fit', () => sign({}, other.privateKey, { alg: 'RS256' })],
  ])('a token of %s is refused', async (_kind, make) => {
    expect(outline(await askViewer(server, `Bearer ${await make()}`))).toEqual(refusal);
  });

  test.each([
    ['refuses connections', async () => 'http://127.0.0.1:1/jwks'],
    ['answers 500', () => publish(500, {})],
    ['answers what is no key set', () => publish(200, {})],
  ])('while the key server %s, the service is unavailable', async (_kind, start) => {
    const helpless = await startTestServer({ AUTH_SECRET: '', AUTH_JWKS_URL: await start() });
    const token = await sign({}, rsa.privateKey, { alg: 'RS256', kid: 'rsa' });
    const answer = await askViewer(helpless, `Bearer ${token}`);
    await helpless.stop();
    expect(outline(answer)).toMatchObject({ status: 503, data: undefined, code: 'SERVICE_UNAVAILABLE' });
    expect(answer.headers.get('Retry-After')).toMatch(/^\d+$/);
  });
});
