import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { publish, startKeyServer, type KeyServer } from '../support/key-server.ts';
import { send, type Answer } from '../support/rest-request.ts';
import { askViewer, encode, inSeconds, outline, refusal, sign, unsigned } from '../support/sign-token.ts';
import { startTestServerWithKeys, type TestServer } from '../support/test-server.ts';

const makeRsa = (modulusLength = 2048) => generateKeyPairSync('rsa', { modulusLength });
const makeElliptic = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const [rsa, small, forEncryption, rsaOfMine] = [makeRsa(), makeRsa(1024), makeRsa(), makeRsa()];
const [elliptic, ellipticOfMine] = [makeElliptic(), makeElliptic()];
const secretInSet = 'a secret that was published by mistake';

let server: TestServer;
let keyServer: KeyServer;
/** The attacker's. */
let mine: KeyServer;

beforeAll(async () => {
  const others = [
    { ...forEncryption.publicKey.export({ format: 'jwk' }), kid: 'encryption', use: 'enc' },
    { kty: 'oct', kid: 'secret', k: encode(secretInSet) },
  ];
  keyServer = await startKeyServer(publish({ rsa, renamed: rsa, elliptic, small }, others));
  mine = await startKeyServer(publish({ rsa: rsaOfMine, mine: ellipticOfMine, elliptic: ellipticOfMine }));
  server = await startTestServerWithKeys(keyServer.url);
});
afterAll(async () => {
  await server.stop();
  await Promise.all([keyServer.stop(), mine.stop()]);
});

const claims = { sub: 'mallory' };
const good = { alg: 'RS256', kid: 'rsa' };
const forge = (header: object, key: string | Buffer | KeyObject = rsaOfMine.privateKey) => sign(claims, key, header);
const withoutSignature = (header: object) => unsigned(header, claims);
const zeros = (length: number) => Buffer.alloc(length).toString('base64url');

const jwk = rsa.publicKey.export({ format: 'jwk' });
const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const publicTexts: [string, string | Buffer][] = [
  ['PEM', pem],
  ['PEM without its last line break', pem.trim()],
  ['PEM of PKCS #1', rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString()],
  ['DER', rsa.publicKey.export({ type: 'spki', format: 'der' })],
  ['JWK', JSON.stringify({ ...jwk, kid: 'rsa' })],
  ['modulus', jwk.n ?? ''],
];

const kids: [string, unknown][] = [
  ['unknown', 'unknown'],
  ['empty', ''],
  ['blank', ' '],
  ['in other letters', 'RSA'],
  ['with NUL behind it', 'rsa\0'],
  ['with a suffix', 'rsa.json'],
  ['a path', '../../../../dev/null'],
  ['a path that ends well', './rsa'],
  ['a file', 'file:///dev/null'],
  ['a command', 'rsa; sleep 60 |'],
  ['SQL', "' UNION SELECT 'a secret' --"],
  ['a name that every object has', '__proto__'],
  ['10 kB long', 'x'.repeat(10_000)],
  ['null', null],
  ['true', true],
  ['a number', 0],
  ['a list of a known name', ['rsa']],
  ['an object', { toString: 'rsa' }],
];

/** Headers that bring a key along, or say where there is one. */
const embeddings: [string, () => object][] = [
  ['a JWK', () => ({ jwk: { ...ellipticOfMine.publicKey.export({ format: 'jwk' }), kid: 'elliptic' } })],
  ['the address of a key set', () => ({ jku: mine.url })],
  ['the address of a certificate', () => ({ x5u: mine.url })],
  [
    'a certificate',
    () => ({ x5c: [ellipticOfMine.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')] }),
  ],
];

const attacks: [string, () => string][] = [
  ['the secret of other servers', () => sign(claims)],
  ['a key that is not in the set', () => forge({ alg: 'RS256', kid: 'mine' })],
  ['another key under a known name', () => forge({ alg: 'RS256', kid: 'rsa' })],
  ['no name of a key, where two would fit', () => forge({ alg: 'RS256' })],
  ['no name of a key, where one would fit', () => forge({ alg: 'ES256' }, ellipticOfMine.privateKey)],
  ['the name of an RSA key and an elliptic one', () => forge({ alg: 'ES256', kid: 'rsa' }, ellipticOfMine.privateKey)],
  ['the name of an elliptic key and an RSA one', () => forge({ alg: 'RS256', kid: 'elliptic' })],
  ['a key that is too small', () => forge({ alg: 'RS256', kid: 'small' }, small.privateKey)],
  ['a key for encryption', () => forge({ alg: 'RS256', kid: 'encryption' }, forEncryption.privateKey)],
  ['a secret in the set', () => forge({ alg: 'HS256', kid: 'secret' }, secretInSet)],
  ['no RSA signature', () => withoutSignature(good)],
  ['no elliptic signature', () => withoutSignature({ alg: 'ES256', kid: 'elliptic' })],
  ['an elliptic signature of zeros', () => withoutSignature({ alg: 'ES256', kid: 'elliptic' }) + zeros(64)],
  ['an RSA signature of zeros', () => withoutSignature(good) + zeros(256)],
  ['an expiry that is past', () => sign({ ...claims, exp: inSeconds(-60) }, rsa.privateKey, good)],
  ['a start that is to come', () => sign({ ...claims, nbf: inSeconds(600) }, rsa.privateKey, good)],
  ['an unknown critical header', () => forge({ ...good, crit: ['urn:x'], 'urn:x': 1 }, rsa.privateKey)],
  ['a critical header that is missing', () => forge({ ...good, crit: ['b64'] }, rsa.privateKey)],
  ['claims that are said not to be encoded', () => forge({ ...good, crit: ['b64'], b64: false }, rsa.privateKey)],
  ...['none', 'None', 'NONE', 'nOnE', 'none ', '', null, 7, ['RS256'], 'constructor'].map(
    (alg): [string, () => string] => [
      `the algorithm ${JSON.stringify(alg)}`,
      () => withoutSignature({ alg, kid: 'rsa' }),
    ],
  ),
  ...publicTexts.flatMap(([name, text]) =>
    ['HS256', 'HS384', 'HS512'].map((alg): [string, () => string] => [
      `${alg} by the public key as ${name}`,
      () => forge({ alg, kid: 'rsa' }, text),
    ]),
  ),
  ...kids.flatMap(([name, kid]): [string, () => string][] => [
    [`a key's name that is ${name}, and the key of an attacker`, () => forge({ alg: 'RS256', kid })],
    [`a key's name that is ${name}, and an empty secret`, () => forge({ alg: 'HS256', kid }, '')],
    [`a key's name that is ${name}, though the key is right`, () => forge({ alg: 'RS256', kid }, rsa.privateKey)],
  ]),
  ...embeddings.flatMap(([name, embed]) =>
    ['elliptic', 'mine', undefined].map((kid): [string, () => string] => [
      `${name} in its header, for the key ${kid}`,
      () => forge({ alg: 'ES256', kid, ...embed() }, ellipticOfMine.privateKey),
    ]),
  ),
];

test.each([
  ['RS256', 'rsa', rsa.privateKey],
  ['RS512', 'rsa', rsa.privateKey],
  ['ES256', 'elliptic', elliptic.privateKey],
])('a token signed by %s is accepted', async (alg, kid, key) => {
  const { data } = await askViewer(server, `Bearer ${sign({}, key, { alg, kid })}`);
  expect(data).toEqual({ viewer: { id: 'alice', roles: ['SystemAdministrator'] } });
});

test.each(attacks)('a token of %s is refused', async (_kind, make) => {
  expect(outline(await askViewer(server, `Bearer ${make()}`))).toEqual(refusal);
});

test('none of these tokens writes anything, appears in an answer or in the log, or makes the server fetch a key', async () => {
  const tokens = attacks.map(([, make]) => make());
  const answers: Answer[] = [];
  for (const token of tokens) answers.push(await send(server, 'POST', '/ai/sessions', { token, body: {} }));
  expect(answers.filter(({ status }) => status !== 401)).toEqual([]);
  await expect.poll(() => server.logLines().filter(({ path }) => path === '/ai/sessions').length).toBe(tokens.length);
  const shown = JSON.stringify([server.logLines(), answers.map(({ headers, text }) => [...headers, text])]);
  const parts = tokens.flatMap((token) => token.split('.')).filter(Boolean);
  expect([...parts, claims.sub, mine.url].filter((part) => shown.includes(part))).toEqual([]);
  expect(mine.fetches).toBe(0);
  const list = await send(server, 'GET', '/ai/sessions', { token: sign({}, rsa.privateKey, good) });
  expect(JSON.parse(list.text)).toMatchObject({ items: [] });
});
