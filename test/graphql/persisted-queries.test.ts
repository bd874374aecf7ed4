import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { send } from '../support/rest-request.ts';
import { countRows, startTestServer, type TestServer } from '../support/test-server.ts';

// Clients send the hash of a text first. They send the text too once the server says that it knows none by its hash.
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const query = 'query Me { viewer { id } }';
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');
const extensionsOf = (text: string) => ({ persistedQuery: { version: 1, sha256Hash: hashOf(text) } });

/** What the links of Apollo Client and urql send. */
const bodies = {
  Apollo: { operationName: 'Me', variables: {}, extensions: extensionsOf(query) },
  urql: { operationName: 'Me', query: undefined, variables: {}, extensions: extensionsOf(query) },
  'the shortest client': { extensions: extensionsOf(query) },
  'a client of persisted documents': { documentId: `sha256:${hashOf(query)}` },
};
type Body = (typeof bodies)[keyof typeof bodies] & { query?: string | undefined };

const inUrl = (body: Body) => {
  const given = Object.entries(body).filter(([, value]) => value !== undefined);
  const texts = given.map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]);
  return `/graphql?${new URLSearchParams(texts)}`;
};

const ways = {
  POST: (body: Body, headers = {}) => send(server, 'POST', '/graphql', { body, headers }),
  GET: (body: Body, headers = {}) => send(server, 'GET', inUrl(body), { headers }),
};

describe.each(['application/json', 'application/graphql-response+json', '*/*'])('in %s', (Accept) => {
  describe.each(Object.entries(ways))('by %s', (_method, ask) => {
    test.each(Object.entries(bodies))('%s hears that persisted queries are not supported', async (_client, body) => {
      const { status, text } = await ask(body, { Accept });
      const error = { message: 'PersistedQueryNotSupported', extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' } };
      expect({ status, ...JSON.parse(text) }).toEqual({ status: 200, errors: [error] });
    });

    test.each(Object.entries(bodies))('%s is answered once it sends the text too', async (_client, body) => {
      const { status, text } = await ask({ ...body, query }, { Accept });
      expect({ status, ...JSON.parse(text) }).toEqual({ status: 200, data: { viewer: { id: 'alice' } } });
    });
  });
});

test('a mutation runs once, when its text comes', async () => {
  const before = await countRows(server);
  const mutation = 'mutation { newAISession(input: {}) { createdBy } }';
  const body = { extensions: extensionsOf(mutation) };
  await ways.POST(body);
  expect(await countRows(server)).toBe(before);
  const { text } = await ways.POST({ ...body, query: mutation });
  expect(JSON.parse(text)).toEqual({ data: { newAISession: { createdBy: 'alice' } } });
  expect(await countRows(server)).toBe(before + 1);
});

test('a mutation with its text and hash is refused by GET', async () => {
  const mutation = 'mutation { newAISession(input: {}) { createdBy } }';
  expect(await ways.GET({ query: mutation, extensions: extensionsOf(mutation) })).toMatchObject({ status: 405 });
});

test('a bad token is refused before', async () => {
  const answer = await send(server, 'POST', '/graphql', { token: 'x', body: bodies.Apollo });
  expect(answer.status).toBe(401);
});

test('extensions that are of something else do not stand in for the text', async () => {
  const answer = await send(server, 'POST', '/graphql', { body: { extensions: { tracing: {} } } });
  expect(answer.status).toBe(400);
  expect(JSON.parse(answer.text)).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
});
