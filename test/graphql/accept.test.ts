import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../support/test-server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ GRAPHIQL: 'on' });
});
afterAll(() => server.stop());

const json = 'application/json';
const modern = 'application/graphql-response+json';

test.each([
  [`${modern}; charset=utf-8`, modern],
  [`${modern}; charset=utf-8, ${json}; charset=utf-8`, modern],
  [`${modern};charset="UTF-8";q=0.9, ${json};q=0.8`, modern],
  [`${modern};q=0.8, ${json};q=0.9`, json],
  [`${modern};q=0.8;charset=utf-8, ${json};charset=utf-8;q=0.9`, json],
  [`${json}, ${modern}`, json],
  [`${json};q=0, */*`, modern],
  [`${modern};q=0, */*`, json],
  ['Application/GraphQL-Response+JSON; Charset=UTF-8', modern],
  ['APPLICATION/JSON', json],
  [`text/plain, ${modern}; version=1`, modern],
  ['application/*', json],
  ['application/*; charset=utf-8', json],
  [`*/*;q=0.1, ${modern};profile="a;b=c,d"`, modern],
  ['*/*', json],
  ['', json],
  [';;,,;q=1', json],
  ['image/png', json],
  ['text/html;q=0', json],
  [`${json}, text/html;q=0.5`, json],
  ['text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8', 'text/html'],
  ['Text/HTML; charset=utf-8', 'text/html'],
])('Accept: %s is answered by %s', async (accept, mediaType) => {
  const response = await fetch(`${server.url}/graphql?query={__typename}`, { headers: { Accept: accept } });
  expect(response.headers.get('Content-Type')).toBe(`${mediaType}; charset=utf-8`);
});

test.each([
  ['text/csv; charset=utf-8', 'text/csv'],
  ['TEXT/CSV', 'text/csv'],
  ['text/jsonl; charset=utf-8, application/json;q=0.5', 'text/jsonl'],
  ['text/csv;q=0.5;header=present, application/json; charset=utf-8;q=0.4', 'text/csv'],
  ['application/json; charset=utf-8, text/csv', json],
  ['text/csv;q=0, */*', json],
  ['*/*', json],
  ['application/xml', json],
])('by REST, Accept: %s is answered by %s', async (accept, mediaType) => {
  const headers = { Accept: accept, Authorization: `Bearer ${await server.tokenFor('alice')}` };
  const response = await fetch(`${server.url}/ai/sessions`, { headers });
  expect(response.headers.get('Content-Type')).toBe(`${mediaType}; charset=utf-8`);
});
