import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { passSeconds, startClock, stopClock } from '../support/clock.ts';
import { send, type Answer } from '../support/rest-request.ts';
import { askViewer, claimsWith, encode, inSeconds, outline } from '../support/sign-token.ts';
import { refusal, secret, sign, unsigned } from '../support/sign-token.ts';
import { countRows, createSession, startTestServer, type TestServer } from '../support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ownKey = { kty: 'oct', k: encode('a key of mine') };
const signature = sign().split('.')[2];

async function tryWith(token: string) {
  const [before, Authorization] = [await countRows(server), `Bearer ${token}`];
  const viewer = outline(await askViewer(server, Authorization));
  const creation = outline(await createSession(server, {}, { token: null, headers: { Authorization } }));
  return { viewer, creation, written: (await countRows(server)) - before };
}
const refused = { viewer: refusal, creation: refusal, written: 0 };

test.each<[string, string]>([
  ['no text', ''],
  ['garbage', 'garbage'],
  ['points alone', '..'],
  ['a good token and something behind it', `${sign()} ${sign()}`],
  ['a good token and a fourth part', `${sign()}.${signature}`],
  ['five parts, as if it were encrypted', `${encode({ alg: 'dir', enc: 'A128GCM' })}..aaaa.aaaa.aaaa`],
  ['no signature', unsigned({ alg: 'HS256' })],
  ['no signature and no algorithm', unsigned({ alg: 'none' })],
  ['no algorithm but a signature', unsigned({ alg: 'none' }) + signature],
  ['no algorithm in other letters', unsigned({ alg: 'nOnE' })],
  ['an empty algorithm', sign({}, secret, { alg: '' })],
  ['no word of an algorithm', sign({}, secret, {})],
  ['a list of algorithms', sign({}, secret, { alg: ['HS256'] })],
  ['an algorithm that every object has', sign({}, secret, { alg: 'constructor' })],
  ['a header that is no JSON', sign().replace(/^[^.]+/, encode('alg: HS256'))],
  ['a header that is a list', sign({}, secret, [{ alg: 'HS256' }])],
  ['other claims than were signed', sign().replace(/\.[^.]+\./, `.${encode(claimsWith({ sub: 'bob' }))}.`)],
  ['another secret', sign({}, 'a secret that somebody else has made up')],
  ['an empty secret', sign({}, '')],
  ['an empty secret, of a file that is empty', sign({}, '', { alg: 'HS256', kid: '../../../../dev/null' })],
  ['a secret that it brings along', sign({}, 'a key of mine', { alg: 'HS256', jwk: ownKey })],
  ['another algorithm of the same family', sign({}, secret, { alg: 'HS512' })],
  ['an RSA key', sign({}, privateKey, { alg: 'RS256' })],
  ['a critical header', sign({}, secret, { alg: 'HS256', crit: ['urn:x'], 'urn:x': 1 })],
  ['no critical headers', sign({}, secret, { alg: 'HS256', crit: [] })],
  ['claims that are said not to be encoded', sign({}, secret, { alg: 'HS256', b64: false, crit: ['b64'] })],
  ['no expiry', sign({ exp: undefined })],
  ['no sub', sign({ sub: undefined })],
  ['a sub of 256 characters', sign({ sub: 's'.repeat(256) })],
])('a token of %s is refused, even where none is needed, before anything runs', async (_kind, token) => {
  expect(await tryWith(token)).toEqual(refused);
});

test.each<object>([
  ...[null, true, 0, -1, inSeconds(-60), 'never', `${inSeconds(60)}`, [inSeconds(60)]].map((exp) => ({ exp })),
  ...[null, true, '0', inSeconds(600), 1e300].map((nbf) => ({ nbf })),
  ...[null, 'now'].map((iat) => ({ iat })),
  ...[null, true, 7, '', ['alice'], { name: 'alice' }, 'alice\0', '\ud800', '\uFEFFalice'].map((sub) => ({ sub })),
])('claims such as %j are refused', async (claims) => {
  expect(await tryWith(sign(claims))).toEqual(refused);
});

test.each([
  '',
  'null',
  '7',
  '"alice"',
  '[]',
  '{"sub":"alice","exp":NaN}',
  `{"__proto__":${JSON.stringify(claimsWith())}}`,
])('claims that are %s are refused', async (payload) => {
  expect(await tryWith(sign(payload))).toEqual(refused);
});

// The issuer says so, and has signed it.
test.each(['1e300', '1e400'])('an expiry of %s never comes', async (exp) => {
  const Authorization = `Bearer ${sign(`{"sub":"alice","exp":${exp}}`)}`;
  const [first, again] = [await askViewer(server, Authorization), await askViewer(server, Authorization)];
  expect(first).toMatchObject({ status: 200, data: { viewer: { id: 'alice' } } });
  expect(again.data).toEqual(first.data);
});

test('a token that node takes for too long is refused', async () => {
  const { status } = await send(server, 'POST', '/ai/sessions', {
    token: sign({ more: 'x'.repeat(50_000) }),
    body: {},
  });
  expect(status).toBe(431);
});

test('a token that was accepted is refused from 10 seconds after its expiry on', async () => {
  stopClock();
  onTestFinished(startClock);
  const Authorization = `Bearer ${sign({ exp: inSeconds(30) })}`;
  expect(await askViewer(server, Authorization)).toMatchObject({ status: 200 });
  passSeconds(38);
  expect(await askViewer(server, Authorization)).toMatchObject({ status: 200 });
  passSeconds(3);
  expect(outline(await askViewer(server, Authorization))).toEqual(refusal);
});

test.each([
  ['exp', -9, 'alice'],
  ['nbf', 9, 'alice'],
  ['iat', 9, 'alice'],
  ['exp', -11, undefined],
  ['nbf', 12, undefined],
])('clocks may differ by 10 seconds: with an %s in %i seconds, the viewer is %s', async (claim, seconds, id) => {
  stopClock();
  onTestFinished(startClock);
  const { data } = await askViewer(server, `Bearer ${sign({ [claim]: inSeconds(seconds) })}`);
  expect(data?.viewer.id).toBe(id);
});

test('a token with a sub of 255 characters is accepted', async () => {
  const id = 's'.repeat(255);
  expect(await askViewer(server, `Bearer ${sign({ sub: id })}`)).toMatchObject({ data: { viewer: { id } } });
});

test.each(['Bearer', 'bearer', 'BEARER'])('the scheme may be written %s', async (scheme) => {
  const { data } = await askViewer(server, `${scheme} ${sign()}`);
  expect(data).toEqual({ viewer: { id: 'alice', roles: ['SystemAdministrator'] } });
});

test.each(['Basic YWxpY2U6c2VjcmV0', 'Bearerish x', 'Negotiate'])('%s counts as signed out', async (authorization) => {
  expect(await askViewer(server, authorization)).toMatchObject({ status: 200, data: { viewer: null } });
});

test('no token appears in the log or in an answer', async () => {
  const tokens = [sign(), sign({ exp: inSeconds(-60) }), sign({ sub: 7 }), sign({}, 'x'.repeat(32)), sign().slice(1)];
  const answers: Answer[] = [];
  for (const token of tokens) {
    const headers = { Authorization: token };
    answers.push(await send(server, 'POST', '/graphql', { token, body: { query: '{ viewer { id } }' } }));
    answers.push(await send(server, 'GET', `/ai/sessions?token=${token}`, { token }));
    answers.push(await send(server, 'GET', `/nowhere?token=${token}`, { token: null, headers }));
    await fetch(`${server.url}/graphql?token=${token}&query={viewer{id}}`, { headers: { Accept: 'text/html' } });
  }
  await expect.poll(() => server.logLines().filter(({ path }) => path === '/nowhere').length).toBe(tokens.length);
  const shown = JSON.stringify([server.logLines(), answers.map(({ headers, text }) => [...headers, text])]);
  const parts = tokens.flatMap((token) => token.split('.'));
  expect(parts.filter((part) => shown.includes(part))).toEqual([]);
});
