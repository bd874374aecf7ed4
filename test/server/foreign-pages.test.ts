import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { send } from '../support/rest-request.ts';
import { countRows, startTestServer, type TestServer } from '../support/test-server.ts';

// What a page of another origin can make a browser send without asking: none of it may run anything.
let server: TestServer;
let rows: number;

beforeAll(async () => {
  server = await startTestServer({ GRAPHIQL: 'off' });
  rows = await countRows(server);
});
afterAll(() => server.stop());

const mutation = 'mutation { newAISession(input: {}) { id } }';
const inUrl = (query: string, rest = '') => `/graphql?query=${encodeURIComponent(query)}${rest}`;
const json = (query: string) => JSON.stringify({ query });
const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString();
const multipart = (fields: Record<string, string>) =>
  Object.entries(fields)
    .map(([name, value]) => `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
    .join('') + '--x--\r\n';

const urlEncoded = 'application/x-www-form-urlencoded';
const multipartType = 'multipart/form-data; boundary=x';

/** An administrator's request, as if the browser had a way to add the token by itself. */
async function ask(method: string, path: string, contentType: string | undefined, body?: string, headers = {}) {
  const answer = await send(server, method, path, {
    ...(body !== undefined && { body }),
    headers: { ...(contentType !== undefined && { 'Content-Type': contentType }), ...headers },
  });
  return { status: answer.status, hasData: answer.text.includes('"data":{') };
}

describe.each([
  ['a query', '{ __typename }'],
  ['a mutation', mutation],
])('%s by POST', (_kind, query) => {
  test.each([
    ['as a form', urlEncoded, form({ query })],
    ['as a form of JSON', urlEncoded, json(query)],
    ['as a form whose name is JSON', urlEncoded, `${json(query).slice(0, -1)},"x":"="}`],
    ['as a multipart form', multipartType, multipart({ query })],
    ['as an upload', multipartType, multipart({ operations: json(query), map: '{}' })],
    ['as text', 'text/plain', json(query)],
    ['as text that says it is JSON', 'text/plain; application/json', json(query)],
    ['as two types at once', 'text/plain, application/json', json(query)],
    ['as JSON behind another type', 'application/json, text/plain', json(query)],
    ['as a document', 'application/graphql', query],
    ['as no type', '', json(query)],
    ['as XML', 'application/xml', json(query)],
  ])('%s is refused', async (_how, contentType, body) => {
    expect(await ask('POST', '/graphql', contentType, body)).toEqual({ status: 415, hasData: false });
  });

  test.each([urlEncoded, multipartType, 'text/plain', ''])(
    'in the URL with a body of the type "%s" is refused',
    async (contentType) => {
      expect(await ask('POST', inUrl(query), contentType, '')).toEqual({ status: 415, hasData: false });
    },
  );

  test('in the URL with a body of JSON is not read', async () => {
    expect(await ask('POST', inUrl(query), 'application/json', '{}')).toEqual({ status: 400, hasData: false });
  });
});

describe('a mutation', () => {
  test.each([undefined, urlEncoded, multipartType, 'text/plain', 'application/json', 'application/graphql'])(
    'by GET with the type %s is refused',
    async (contentType) => {
      expect(await ask('GET', inUrl(mutation), contentType)).toEqual({ status: 405, hasData: false });
    },
  );

  test.each(['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'])(
    'by GET that claims to be a POST by %s is refused',
    async (header) => {
      const answer = await ask('GET', inUrl(mutation), undefined, undefined, { [header]: 'POST' });
      expect(answer).toEqual({ status: 405, hasData: false });
    },
  );

  test('by GET that claims to be a POST in the URL is refused', async () => {
    expect(await ask('GET', inUrl(mutation, '&_method=POST'), undefined)).toEqual({ status: 405, hasData: false });
  });

  test('by GET that is chosen beside a query is refused', async () => {
    const both = `query A { __typename } ${mutation.replace('mutation', 'mutation B')}`;
    const answer = await ask('GET', inUrl(both, '&operationName=B'), undefined);
    expect(answer).toEqual({ status: 405, hasData: false });
  });

  test.each(['HEAD', 'OPTIONS', 'PUT', 'DELETE'])('by %s is refused', async (method) => {
    expect(await ask(method, inUrl(mutation), undefined)).toEqual({ status: 405, hasData: false });
  });

  test.each([
    ['a cookie', '/graphql', (token: string) => ({ Cookie: `token=${token}; Authorization=Bearer ${token}` })],
    ['the URL', '/graphql?token=TOKEN&access_token=TOKEN', () => ({})],
    ['a password', '/graphql', (token: string) => ({ Authorization: `Basic ${btoa(`alice:${token}`)}` })],
  ])('with a token in %s, where browsers add it by themselves, is refused', async (_where, path, headers) => {
    const token = await server.tokenFor('alice');
    const options = { token: null, body: { query: mutation }, headers: headers(token) };
    const { text } = await send(server, 'POST', path.replaceAll('TOKEN', token), options);
    expect(JSON.parse(text)).toMatchObject({
      data: { newAISession: null },
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
    });
  });
});

test('the REST API refuses a form without a token, and no page of another origin has one', async () => {
  const headers = { 'Content-Type': urlEncoded, Origin: 'https://evil.example.com' };
  const answer = await send(server, 'POST', '/ai/sessions', { token: null, body: 'purpose=x', headers });
  expect(answer.status).toBe(401);
});

test('nothing was created by all of this', async () => {
  expect(await countRows(server)).toBe(rows);
});
