import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendGraphQL } from '../support/graphql.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const query = '{ __typename }';
const typename = { __typename: 'Query' };
const two = 'query A { a: __typename } query B { b: __typename }';

/** Sends parameters by POST. */
async function post(parameters: object) {
  const { data, errors } = await sendGraphQL(server.url, parameters);
  return { data, message: errors?.[0]?.message };
}

/** Sends parameters by GET. */
async function get(search: string) {
  const response = await fetch(`${server.url}/graphql?${search}`, { headers: { Accept: '*/*' } });
  const { data, errors } = await response.json();
  return { data, message: errors?.[0]?.message };
}

const inUrl = (text: string) => `query=${encodeURIComponent(text)}`;

describe('in a URL', () => {
  test.each([
    '&variables=',
    '&extensions=',
    '&operationName=',
    '&variables=&extensions=&operationName=',
    '&variables=null&extensions=null',
    '&utm_source=mail&fbclid=1',
    '&__proto__=x&constructor=y',
    '&query={nope}',
  ])('%s makes no difference', async (search) => {
    expect(await get(inUrl(query) + search)).toEqual({ data: typename, message: undefined });
  });

  test.each(['&variables={"a":"%FF"}', '&x=%C3', '&operationName=%ED%A0%80'])(
    'bytes that are not UTF-8 are refused: %s',
    async (search) => {
      expect((await get(inUrl(query) + search)).message).toBe('The query string is not valid UTF-8.');
    },
  );

  test.each(['', 'query=', 'utm_source=mail', 'variables={}'])('no query is told as such: "%s"', async (search) => {
    expect(await get(search)).toEqual({ data: undefined, message: 'Must provide query string.' });
  });

  test.each(['variables', 'extensions'])('%s that are no JSON are named', async (name) => {
    const { message } = await get(`${inUrl(query)}&${name}={`);
    expect(message).toContain(`"${name}"`);
  });
});

describe.each([
  ['GET', (operationName: string) => get(`${inUrl(two)}&operationName=${encodeURIComponent(operationName)}`)],
  ['POST', (operationName: string) => post({ query: two, operationName })],
])('by %s', (_method, send) => {
  test('the operation that operationName names is run', async () => {
    expect(await send('B')).toEqual({ data: { b: 'Query' }, message: undefined });
  });

  test.each(['C', '__proto__', 'constructor', 'a'])(
    'an operationName that no operation has is named: %s',
    async (name) => {
      expect(await send(name)).toEqual({ data: undefined, message: `The document has no operation called "${name}".` });
    },
  );

  test('an empty operationName is none', async () => {
    const message = 'Say in "operationName" which operation of the document to run.';
    expect(await send('')).toEqual({ data: undefined, message });
  });
});

test('an empty operationName makes no difference to a document with one operation', async () => {
  expect(await post({ query: 'query A { __typename }', operationName: '' })).toEqual({
    data: typename,
    message: undefined,
  });
});

test('an anonymous operation beside a named one is refused', async () => {
  const { message } = await post({ query: '{ __typename } query B { __typename }', operationName: 'B' });
  expect(message).toMatch(/anonymous operation must be the only/);
});

test('a document without an operation is told as such', async () => {
  const { message } = await post({ query: 'fragment A on Query { __typename }' });
  expect(message).toBe('The document has no operation.');
});

test('a body behind a byte-order mark is read', async () => {
  const headers = { 'Content-Type': 'application/json' };
  const body = `\uFEFF${JSON.stringify({ query })}`;
  const response = await fetch(`${server.url}/graphql`, { method: 'POST', headers, body });
  expect(await response.json()).toEqual({ data: typename });
});

test('an unknown parameter of a body is refused, and named', async () => {
  expect((await post({ query, utm_source: 'mail' })).message).toContain('"utm_source"');
});
