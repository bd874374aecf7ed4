import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { publish, startKeyServer, type KeyServer } from '../support/key-server.ts';
import { send } from '../support/rest-request.ts';
import { askViewer, inSeconds, sign, unsigned } from '../support/sign-token.ts';
import { startTestServerWithKeys, type TestServer } from '../support/test-server.ts';

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ours = { iss: 'https://id.example.com', aud: 'sessions' };
const header = { alg: 'ES256', kid: 'keys' };
const make = (claims: object, changed: object = {}) =>
  sign({ ...ours, ...claims }, keys.privateKey, { ...header, ...changed });

let keyServer: KeyServer;
beforeAll(async () => {
  keyServer = await startKeyServer(publish({ keys }));
});
afterAll(() => keyServer.stop());

/** Starts a server whose log has no refusal yet. */
async function start(): Promise<TestServer> {
  const server = await startTestServerWithKeys(keyServer.url, { AUTH_ISSUER: ours.iss, AUTH_AUDIENCE: ours.aud });
  onTestFinished(() => server.stop());
  return server;
}

const refusalsOf = (server: TestServer) => server.logLines().filter(({ msg }) => msg === 'token refused');

/** The one line about a refused token. */
async function readRefusal(token: string) {
  const server = await start();
  const { headers } = await askViewer(server, `Bearer ${token}`);
  expect(refusalsOf(server)).toMatchObject([{ requestId: headers.get('X-Request-Id') }]);
  return refusalsOf(server)[0];
}

describe('the log says why a token was refused:', () => {
  test.each<[string, string, RegExp]>([
    ['an expired one', make({ exp: inSeconds(-60) }), /exp/],
    ['one that is not valid yet', make({ nbf: inSeconds(3600) }), /nbf/],
    ['one without a sub', make({ sub: undefined }), /sub/],
    ['one with an odd sub', make({ sub: 'eve\0' }), /sub/],
    ['another type', make({}, { typ: 'logout+jwt' }), /typ/],
    ['another algorithm', make({}, { alg: 'HS256' }), /alg/],
    ['an extension', make({}, { crit: ['hush-hush'], 'hush-hush': 1 }), /Extension/],
    ['another key', make({}, { kid: 'others' }), /key/],
    ['a wrong signature', `${unsigned(header, { ...ours })}${'A'.repeat(86)}`, /signature/],
    ['garbage', 'garbage', /JWS/],
  ])('%s', async (_what, token, reason) => {
    const line = await readRefusal(token);
    expect(line?.['reason']).toMatch(reason);
    expect(JSON.stringify(line)).not.toContain('hush-hush');
  });

  test('another issuer', async () => {
    const line = await readRefusal(make({ iss: 'https://evil.example.com' }));
    expect(line).toMatchObject({ iss: 'https://evil.example.com', aud: 'sessions', kid: 'keys' });
    expect(line?.['reason']).toMatch(/"iss"/);
  });

  test('another audience', async () => {
    const line = await readRefusal(make({ aud: ['billing', 'web'] }));
    expect(line).toMatchObject({ iss: ours.iss, aud: 'billing, web', kid: 'keys' });
    expect(line?.['reason']).toMatch(/"aud"/);
  });

  test('also over REST', async () => {
    const server = await start();
    await send(server, 'GET', '/ai/sessions', { token: make({ aud: 'billing' }) });
    expect(refusalsOf(server)).toMatchObject([{ aud: 'billing' }]);
  });
});

test('what the log says of a refused token is short, whatever the token says', async () => {
  const long = `\u001b[31m\u202e${'x'.repeat(1500)}`;
  const line = await readRefusal(make({ iss: long, aud: Array<string>(3).fill(long) }, { kid: long }));
  expect(JSON.stringify(line).length).toBeLessThan(1200);
  const server = await start();
  await askViewer(server, `Bearer ${make({ iss: { toString: 'x' }, aud: 7 }, { kid: ['keys'] })}`);
  expect(refusalsOf(server)).toHaveLength(1);
});

test('a flood of bad tokens has ten lines of a reason, and hides no other reason', async () => {
  const server = await start();
  for (let count = 0; count < 50; count += 1) {
    await askViewer(server, `Bearer ${make({ iss: `https://${count}.example.com` })}`);
    await askViewer(server, `Bearer ${make({}, { crit: [`urn:${count}`], [`urn:${count}`]: 1 })}`);
  }
  expect(refusalsOf(server)).toHaveLength(20);
  await askViewer(server, `Bearer ${make({ exp: inSeconds(-60) })}`);
  expect(refusalsOf(server)).toHaveLength(21);
});
