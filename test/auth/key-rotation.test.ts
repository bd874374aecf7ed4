import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { passSeconds, startClock, stopClock } from '../support/clock.ts';
import { publish, startKeyServer, type KeyServer } from '../support/key-server.ts';
import { askViewer, outline, refusal, sign } from '../support/sign-token.ts';
import { startTestServerWithKeys, type TestServer } from '../support/test-server.ts';

const makeKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const [current, next] = [makeKey(), makeKey()];

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
  passSeconds(660);
  keyServer.answer = publish({ current });
  keyServer.fetches = 0;
});

const ask = async (token: string) => outline(await askViewer(server, `Bearer ${token}`));
const tokenOf = (kid: string, { privateKey } = current, jti = '') => sign({ jti }, privateKey, { alg: 'ES256', kid });
const accepted = expect.objectContaining({ status: 200, data: { viewer: expect.objectContaining({ id: 'alice' }) } });

test('a key that is published later is accepted, half a minute after the last request at most', async () => {
  expect(await ask(tokenOf('current'))).toEqual(accepted);
  keyServer.answer = publish({ current, next });
  const token = tokenOf('next', next);
  expect(await ask(token)).toEqual(refusal);
  passSeconds(30);
  expect(await ask(token)).toEqual(accepted);
  expect(await ask(tokenOf('current'))).toEqual(accepted);
  expect(keyServer.fetches).toBe(2);
});

test('a token of a key that was withdrawn is refused a minute after the new key came', async () => {
  const [remembered, fresh] = [tokenOf('current'), tokenOf('current', current, 'fresh')];
  expect(await ask(remembered)).toEqual(accepted);
  keyServer.answer = publish({ next });
  passSeconds(61);
  expect(await ask(tokenOf('next', next))).toEqual(accepted);
  expect(await ask(remembered)).toEqual(refusal);
  expect(await ask(fresh)).toEqual(refusal);
});

test.each([
  ['withdrawn', () => publish({ next })],
  ['replaced under its name', () => publish({ current: next })],
])('a token of a key that was %s is refused 11 minutes later at most', async (_kind, rotate) => {
  const token = tokenOf('current');
  expect(await ask(token)).toEqual(accepted);
  keyServer.answer = rotate();
  // The keys are known for 10 minutes, and the token for one more.
  passSeconds(599);
  await ask(token);
  passSeconds(61);
  expect(await ask(token)).toEqual(refusal);
});
