import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ GRAPHIQL: 'on', CORS_ORIGINS: 'https://app.example.com' });
});
afterAll(() => server.stop());

const json = { 'Content-Type': 'application/json' };
const post = (body: string, headers = {}) => ({ method: 'POST', headers: { ...json, ...headers }, body });
const viewer = JSON.stringify({ query: '{ viewer { id } }' });

test.each<[string, string, RequestInit]>([
  ['an operation', '/graphql', post(viewer)],
  ['an operation of another origin', '/graphql', post(viewer, { Origin: 'https://app.example.com' })],
  ['an operation with a field that fails', '/graphql', post('{"query":"{ accounts { totalCount } }"}')],
  ['an operation that is not valid', '/graphql', post('{"query":"{ nothing }"}')],
  ['a body that is no JSON', '/graphql', post('{')],
  ['a body of another media type', '/graphql', { method: 'POST', body: viewer }],
  ['a bad token', '/graphql', post(viewer, { Authorization: 'Bearer bad' })],
  ['a query in the URL', '/graphql?query={viewer{id}}', { headers: { Accept: 'application/json' } }],
  ['another method', '/graphql', { method: 'PUT' }],
  ['GraphiQL', '/graphql', { headers: { Accept: 'text/html' } }],
  ['the start page', '/', { redirect: 'manual' }],
  ['a preflight', '/graphql', { method: 'OPTIONS', headers: { Origin: 'https://app.example.com' } }],
  ['a preflight that is refused', '/graphql', { method: 'OPTIONS', headers: { Origin: 'https://evil.example.com' } }],
  ['the REST API', '/ai/sessions', {}],
  ['its description', '/openapi.json', {}],
  ['/health', '/health', {}],
  ['/ready', '/ready', {}],
  ['HEAD', '/ready', { method: 'HEAD' }],
  ['a path without anything', '/nothing', {}],
])(
  '%s is answered with its id, and with what keeps pages and caches from misusing it',
  async (_what, path, request) => {
    const { headers } = await fetch(`${server.url}${path}`, request);
    expect(headers.get('X-Request-Id')).toMatch(/^[\da-f-]{36}$/);
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(headers.get('Referrer-Policy')).toBe('no-referrer');
    expect(headers.get('Cache-Control')).toBe('no-store');
  },
);
