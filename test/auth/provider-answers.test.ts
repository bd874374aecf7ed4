import { generateKeyPairSync } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { answerWith, startKeyServer, type KeyServer } from '../support/key-server.ts';
import { send } from '../support/rest-request.ts';
import { askViewer, outline, sign, unchecked } from '../support/sign-token.ts';
import { startTestServerWithKeys } from '../support/test-server.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const token = sign({}, privateKey, { alg: 'ES256', kid: 'keys' });

let keyServer: KeyServer;
beforeAll(async () => {
  keyServer = await startKeyServer(answerWith(200, {}));
});
afterAll(() => keyServer.stop());

async function start(answer: RequestListener) {
  keyServer.answer = answer;
  const server = await startTestServerWithKeys(keyServer.url, { GRAPHIQL: 'off' });
  onTestFinished(() => server.stop());
  const outages = () => server.logLines().filter(({ msg }) => msg === 'service unavailable');
  return { server, outages };
}

const html = { 'Content-Type': 'text/html' };
const answers: [string, RequestListener, string][] = [
  [
    'a redirect',
    answerWith(302, '', { Location: 'https://id.example.com/login' }),
    '302.* https://id.example.com/login',
  ],
  ['a page of HTML', answerWith(200, '<html>', html), '200, text/html'],
  ['an error', answerWith(500, 'oops', { 'Content-Type': 'text/plain' }), '500, text/plain'],
  ['JSON that is no key set', answerWith(200, { issuer: 'x' }), '200, application/json'],
  ['JSON that is no object', answerWith(200, 'null'), '200, application/json'],
  ['a list of keys that are no keys', answerWith(200, { keys: [7] }), '200, application/json'],
];

describe('where the identity provider gives no keys, the log says what it gave:', () => {
  test.each(answers)('%s', async (_what, answer, shown) => {
    const { server, outages } = await start(answer);
    const response = await askViewer(server, `Bearer ${token}`);
    expect(outline(response)).toEqual(unchecked);
    expect(response.errors?.[0]?.message).not.toContain('did not answer');
    expect(outages()).toMatchObject([{ err: { cause: { message: expect.stringMatching(shown) } } }]);
    expect(JSON.stringify(outages())).not.toContain('did not answer');
  });

  test.each(['/ai/sessions', '/openapi.json'])('also at %s', async (path) => {
    const { server, outages } = await start(answerWith(500, {}));
    const { status, text } = await send(server, 'GET', path, { token });
    expect({ status, text }).toMatchObject({ status: 503, text: expect.stringContaining('keys') });
    expect(outages()).toMatchObject([{ err: { cause: { message: expect.stringContaining('500') } } }]);
  });

  test('what is logged of a long header is short', async () => {
    const { server, outages } = await start(answerWith(307, '', { Location: `/${'x'.repeat(9000)}` }));
    await askViewer(server, `Bearer ${token}`);
    expect(outages()).toHaveLength(1);
    expect(JSON.stringify(outages()[0]?.['err'])).not.toContain('x'.repeat(500));
  });
});
