import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { passSeconds, startClock, stopClock } from '../../support/clock.ts';
import { answerWith, publish, startKeyServer, type KeyServer } from '../../support/key-server.ts';
import { askViewer, outline, refusal, sign, unchecked } from '../../support/sign-token.ts';
import { startTestServerWithKeys, type TestServer } from '../../support/test-server.ts';

const makeKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const [current, attacker] = [makeKey(), makeKey()];
const minute = 60;

let keyServer: KeyServer;
let server: TestServer;

beforeAll(async () => {
  stopClock();
  keyServer = await startKeyServer(publish({ current }));
  server = await startTestServerWithKeys(keyServer.url);
});
afterAll(async () => {
  startClock();
  await server.stop();
  await keyServer.stop();
});

beforeEach(() => {
  // Whatever the server knew of keys is out of date by then.
  passSeconds(11 * minute);
  keyServer.answer = publish({ current });
  keyServer.fetches = 0;
});

const ask = async (token: string) => outline(await askViewer(server, `Bearer ${token}`));
let made = 0;
/** Makes a token that cannot be remembered: none is like another. */
const tokenOf = (kid: string, { privateKey } = current) =>
  sign({ jti: String((made += 1)) }, privateKey, { alg: 'ES256', kid });
/** Sends tokens at once, each of another key that nobody knows. */
const flood = (count: number) =>
  Promise.all(Array.from({ length: count }, (_, index) => ask(tokenOf(`unknown-${index}`, attacker))));
/** The answers, each kind once. */
const kindsOf = (answers: object[]) => [...new Set(answers.map((answer) => JSON.stringify(answer)))];

const accepted = expect.objectContaining({
  status: 200,
  data: { viewer: { id: 'alice', roles: ['SystemAdministrator'] } },
});
const never = () => {};

describe('while the key server', () => {
  let elsewhere: KeyServer;
  beforeAll(async () => {
    elsewhere = await startKeyServer(publish({ current: attacker }));
  });
  afterAll(() => elsewhere.stop());

  test.each<[string, () => KeyServer['answer']]>([
    ['answers 500', () => answerWith(500, { keys: [] })],
    ['answers 404', () => answerWith(404, {})],
    ['answers 204', () => (_request, response) => response.writeHead(204).end()],
    ['sends elsewhere', () => answerWith(302, {}, { Location: elsewhere.url })],
    ['sends elsewhere for good', () => answerWith(308, {}, { Location: elsewhere.url })],
    ['answers no text', () => answerWith(200, '')],
    ['answers a page', () => answerWith(200, '<html></html>', { 'Content-Type': 'text/html' })],
    ['answers half of its keys', () => answerWith(200, '{"keys":[{"kty":"EC",')],
    ['answers null', () => answerWith(200, null)],
    ['answers a list', () => answerWith(200, [])],
    ['answers an object without keys', () => answerWith(200, {})],
    ['answers keys that are no list', () => answerWith(200, { keys: { current: {} } })],
    ['answers keys that are no objects', () => answerWith(200, { keys: ['current', null] })],
    ['hangs up', () => (request) => request.destroy()],
    ['hangs up in the middle', () => (_request, response) => response.write('{', () => response.destroy())],
    ['does not answer', () => never],
    ['does not answer to the end', () => (_request, response) => response.write('{"keys":[')],
  ])('%s, the service is unavailable to tokens only, and no longer than that', async (_fault, fail) => {
    keyServer.answer = fail();
    const answers = await Promise.all([ask(tokenOf('current')), ask(tokenOf('current', attacker))]);
    expect(answers).toEqual([unchecked, unchecked]);
    expect(await askViewer(server, '')).toMatchObject({ status: 200, data: { viewer: null } });
    expect(elsewhere.fetches).toBe(0);
    keyServer.answer = publish({ current });
    passSeconds(1);
    expect(await ask(tokenOf('current'))).toEqual(accepted);
  });

  test('fails, it is asked once a second, however many tokens come', async () => {
    keyServer.answer = answerWith(500, {});
    for (let count = 0; count < 50; count += 1) expect(await ask(tokenOf('current'))).toEqual(unchecked);
    expect(keyServer.fetches).toBe(1);
    passSeconds(1);
    for (let count = 0; count < 50; count += 1) expect(await ask(tokenOf('current'))).toEqual(unchecked);
    expect(keyServer.fetches).toBe(2);
  });

  test('refuses connections, the service is unavailable to tokens only, and no longer than that', async () => {
    await keyServer.stop();
    expect(await ask(tokenOf('current'))).toEqual(unchecked);
    expect(await askViewer(server, '')).toMatchObject({ status: 200, data: { viewer: null } });
    await keyServer.start();
    passSeconds(1);
    expect(await ask(tokenOf('current'))).toEqual(accepted);
  });

  test('has no keys at all, tokens are refused, and for half a minute after it at most', async () => {
    keyServer.answer = answerWith(200, { keys: [] });
    expect(await ask(tokenOf('current'))).toEqual(refusal);
    keyServer.answer = publish({ current });
    passSeconds(30);
    expect(await ask(tokenOf('current'))).toEqual(accepted);
  });

  test('does not answer, those who wait for it share one request, and others do not wait', async () => {
    keyServer.answer = never;
    let isWaiting = true;
    const waiting = flood(50).finally(() => (isWaiting = false));
    await expect.poll(() => keyServer.fetches).toBe(1);
    expect(await askViewer(server, '')).toMatchObject({ status: 200, data: { viewer: null } });
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    expect(isWaiting).toBe(true);
    expect(kindsOf(await waiting)).toEqual(kindsOf([unchecked]));
    expect(keyServer.fetches).toBe(1);
  });

  test('does not answer, tokens of known keys are accepted all the same', async () => {
    expect(await ask(tokenOf('current'))).toEqual(accepted);
    passSeconds(31);
    keyServer.answer = never;
    let isWaiting = true;
    const waiting = flood(50).finally(() => (isWaiting = false));
    await expect.poll(() => keyServer.fetches).toBe(2);
    expect(await ask(tokenOf('current'))).toEqual(accepted);
    expect(isWaiting).toBe(true);
    expect(kindsOf(await waiting)).toEqual(kindsOf([unchecked]));
    expect(keyServer.fetches).toBe(2);
  });

  test('is down, nothing of a token is logged', async () => {
    const tokens = [tokenOf('current'), tokenOf('unknown', attacker), `${tokenOf('current')}x`];
    for (const fail of [answerWith(500, {}), answerWith(200, '<html>'), answerWith(200, {})]) {
      keyServer.answer = fail;
      for (const token of tokens) expect(await ask(token)).toEqual(unchecked);
    }
    const log = JSON.stringify(server.logLines());
    expect(log).toContain('Expected 200 OK from the JSON Web Key Set HTTP response');
    expect(tokens.flatMap((token) => token.split('.')).filter((part) => log.includes(part))).toEqual([]);
  });
});

test('200 tokens of unknown keys are refused, at the cost of one request in half a minute', async () => {
  expect(kindsOf(await flood(200))).toEqual(kindsOf([refusal]));
  expect(kindsOf(await flood(200))).toEqual(kindsOf([refusal]));
  expect(keyServer.fetches).toBe(1);
  expect(await ask(tokenOf('current'))).toEqual(accepted);
  passSeconds(30);
  expect(kindsOf(await flood(200))).toEqual(kindsOf([refusal]));
  expect(keyServer.fetches).toBe(2);
});
