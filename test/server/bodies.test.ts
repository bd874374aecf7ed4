import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRawConnection } from '../support/raw-connection.ts';
import { send } from '../support/rest-request.ts';
import { countRows, startTestServer, type TestServer } from '../support/test-server.ts';

let server: TestServer;
let token: string;
beforeAll(async () => {
  server = await startTestServer();
  token = await server.tokenFor('alice');
});
afterAll(() => server.stop());

const routes: [string, string, object][] = [
  ['POST', '/graphql', { query: 'mutation { newAISession(input: {}) { id } }' }],
  ['POST', '/ai/sessions', {}],
  ['POST', '/api/NewAISession[]', [{}, {}]],
  ['POST', '/api/NewAISession', {}],
  ['POST', '/json/reply/NewAISession', {}],
  ['PATCH', '/ai/sessions/0192f0c1-2345-7000-8000-000000000001', { purpose: 'x' }],
];

describe.each(routes)('%s %s', (method, path, body) => {
  test.each(['gzip', 'br', 'GZIP', 'identity, gzip', 'x-unknown'])(
    'with the encoding %s is 415 that names it',
    async (encoding) => {
      const before = await countRows(server);
      const headers = { 'Content-Encoding': encoding };
      const { status, text } = await send(server, method, path, { headers, body });
      expect({ status, isNamed: text.includes(encoding) }).toEqual({ status: 415, isNamed: true });
      expect(await countRows(server)).toBe(before);
    },
  );

  test.each(['identity', 'Identity', ''])('with the encoding "%s" is read', async (encoding) => {
    const { status } = await send(server, method, path, { headers: { 'Content-Encoding': encoding }, body });
    expect(status).toBe(method === 'PATCH' ? 404 : 200);
  });
});

test('a body that is compressed is refused by its encoding, not for what its bytes look like', async () => {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' },
    body: gzipSync('{"query":"{viewer{id}}"}'),
  });
  expect(response.status).toBe(415);
  expect(response.headers.get('Accept-Encoding')).toBe('identity');
});

test('an encoding is named in 100 characters', async () => {
  const headers = { 'Content-Encoding': 'x'.repeat(5000) };
  const { status, text } = await send(server, 'POST', '/ai/sessions', { headers, body: {} });
  expect(status).toBe(415);
  expect(text.length).toBeLessThan(500);
});

/** Sends the head of a request that asks whether to send its body; reads until the server closes, or wants the body. */
async function expectContinue(path: string, headers: string[], body = '') {
  const { send: write, closed, received, statuses } = await openRawConnection(server.url);
  const head = [`POST ${path} HTTP/1.1`, 'Host: test', 'Expect: 100-continue', ...headers];
  write(`${head.join('\r\n')}\r\n\r\n`);
  await expect.poll(statuses).not.toEqual([]);
  if (statuses()[0] === 100) write(body);
  await closed;
  return { statuses: statuses(), received: received() };
}

const json = 'Content-Type: application/json';
const signedIn = () => [`Authorization: Bearer ${token}`, json, 'Connection: close'];

describe.each(['/graphql', '/ai/sessions', '/api/NewAISession'])('a request for %s that expects 100', (path) => {
  const body = path === '/graphql' ? '{"query":"{viewer{id}}"}' : '{}';

  test('is asked for its body, and answered', async () => {
    const { statuses } = await expectContinue(path, [...signedIn(), `Content-Length: ${body.length}`], body);
    expect(statuses).toEqual([100, 200]);
  });

  test('and says that it is over the limit is 413 at once', async () => {
    const { statuses, received } = await expectContinue(path, [
      `Authorization: Bearer ${token}`,
      json,
      'Content-Length: 100001',
    ]);
    expect(statuses).toEqual([413]);
    expect(received).toMatch(/^Connection: close\r$/m);
  });

  test('in chunks is asked for them, and is 413 where they are over the limit', async () => {
    const chunks = `186a1\r\n${'x'.repeat(100_001)}\r\n0\r\n\r\n`;
    const { statuses } = await expectContinue(path, [...signedIn(), 'Transfer-Encoding: chunked'], chunks);
    expect(statuses).toEqual([100, 413]);
  });

  test('with a bad token is not asked for its body', async () => {
    const { statuses } = await expectContinue(path, ['Authorization: Bearer x', json, 'Content-Length: 10']);
    expect(statuses).toEqual([401]);
  });

  test('with an encoding is not asked for its body', async () => {
    const { statuses } = await expectContinue(path, [
      `Authorization: Bearer ${token}`,
      'Content-Encoding: gzip',
      'Content-Length: 10',
    ]);
    expect(statuses).toEqual([415]);
  });
});

test('a request that expects 100 where no body is read is answered at once', async () => {
  expect((await expectContinue('/nowhere', ['Content-Length: 10'])).statuses).toEqual([404]);
});
