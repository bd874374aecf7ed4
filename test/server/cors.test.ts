import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { send } from '../support/rest-request.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';

let open: TestServer;
let closed: TestServer;

const listed = 'https://app.example.com';
const alsoListed = 'http://localhost:3000';

beforeAll(async () => {
  open = await startTestServer({ CORS_ORIGINS: `${listed}, ${alsoListed}` });
  closed = await startTestServer();
});
afterAll(() => Promise.all([open.stop(), closed.stop()]));

const corsHeaders = ({ headers }: { headers: Headers }) =>
  [...headers.keys()].filter((name) => name.startsWith('access-control-'));

/** What a page asks to send: beside this API's own headers, those that clients and browser SDKs add. */
const asked = [
  'apollographql-client-name',
  'authorization',
  'baggage',
  'content-type',
  'idempotency-key',
  'sentry-trace',
  'traceparent',
];

/** The names in a header that lists them, in lower case. */
const namesIn = (text: string | null) => text?.toLowerCase().split(/\s*,\s*/) ?? [];

describe.each([
  ['GraphQL', 'POST', '/graphql', { query: '{ viewer { id } }' }],
  ['the REST API', 'GET', '/ai/sessions', undefined],
])('over %s', (_face, method, path, body) => {
  const ask = (server: TestServer, origin: string) => send(server, method, path, { body, headers: { Origin: origin } });
  const preflight = (server: TestServer, origin: string) =>
    send(server, 'OPTIONS', path, {
      token: null,
      headers: {
        Origin: origin,
        'Access-Control-Request-Method': method,
        'Access-Control-Request-Headers': asked.join(),
      },
    });

  test.each([listed, alsoListed])('the listed origin %s may read answers', async (origin) => {
    const answer = await ask(open, origin);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('Access-Control-Allow-Origin')).toBe(origin);
    expect(namesIn(answer.headers.get('Vary'))).toContain('origin');
  });

  test('a listed origin may read refusals, and what they say about signing in', async () => {
    const answer = await send(open, method, path, { token: 'bad', body, headers: { Origin: listed } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('Access-Control-Allow-Origin')).toBe(listed);
    expect(namesIn(answer.headers.get('Access-Control-Expose-Headers'))).toContain('www-authenticate');
  });

  test('a listed origin may send any header, such as those of tracing, and those of GraphQL clients', async () => {
    const answer = await preflight(open, listed);
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: '' });
    expect(answer.headers.get('Access-Control-Allow-Origin')).toBe(listed);
    expect(namesIn(answer.headers.get('Access-Control-Allow-Methods'))).toEqual(
      expect.arrayContaining(['get', 'post', 'patch', 'delete']),
    );
    expect(namesIn(answer.headers.get('Access-Control-Allow-Headers'))).toEqual(asked);
    expect(namesIn(answer.headers.get('Vary'))).toEqual(
      expect.arrayContaining(['origin', 'access-control-request-headers']),
    );
  });

  test.each(['https://evil.example.com', 'https://app.example.com.evil.example', 'http://app.example.com', 'null'])(
    'the origin %s, which is not listed, gets no such headers',
    async (origin) => {
      const answers = [await ask(open, origin), await preflight(open, origin)];
      expect(answers.map(corsHeaders)).toEqual([[], []]);
      expect(answers[1]?.status).not.toBe(204);
      expect(answers.map(({ headers }) => namesIn(headers.get('Vary')).includes('origin'))).toEqual([true, true]);
    },
  );

  test('by default no origin may read answers', async () => {
    const answers = [await ask(closed, listed), await preflight(closed, listed)];
    expect(answers.map(corsHeaders)).toEqual([[], []]);
    expect(answers[1]?.status).not.toBe(204);
  });
});

test('an answer varies by format and by origin at once', async () => {
  const { headers } = await send(open, 'GET', '/ai/sessions', { headers: { Origin: listed } });
  expect(namesIn(headers.get('Vary')).toSorted()).toEqual(['accept', 'origin']);
});

test('a client that is not a browser is answered as before', async () => {
  const answer = await send(open, 'GET', '/ai/sessions');
  expect(answer.status).toBe(200);
  expect(corsHeaders(answer)).toEqual([]);
});
