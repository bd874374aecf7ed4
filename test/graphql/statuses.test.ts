import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findFreePort } from '../support/server-process.ts';
import { startTestServer, startTestServerWithKeys, unknownId, type TestServer } from '../support/test-server.ts';

// The status of an answer says whether the operation was executed, not what its fields say.
let server: TestServer;
let withoutKeys: TestServer;
let administrator: string;
let clerk: string;

beforeAll(async () => {
  server = await startTestServer();
  withoutKeys = await startTestServerWithKeys(`http://127.0.0.1:${await findFreePort()}`);
  administrator = `Bearer ${await server.tokenFor('alice')}`;
  clerk = `Bearer ${await server.tokenFor('bob', ['Clerk'])}`;
});
afterAll(() => Promise.all([server.stop(), withoutKeys.stop()]));

interface Case {
  query?: string;
  variables?: object;
  operationName?: string;
  /** Replaces the body that those make. */
  body?: string;
  authorization?: () => string | undefined;
  method?: string;
  search?: string;
  contentType?: string;
  askedServer?: () => TestServer;
}

// Unlike fetch, this can leave `Accept` out.
async function send({ body, authorization = () => administrator, ...rest }: Case, accept: string | undefined) {
  const { query, variables, operationName, method = 'POST', search = '', contentType = 'application/json' } = rest;
  const token = authorization();
  const headers = {
    ...(accept !== undefined && { Accept: accept }),
    ...(token !== undefined && { Authorization: token }),
    ...(method === 'POST' && { 'Content-Type': contentType }),
  };
  const { url } = (rest.askedServer ?? (() => server))();
  const sent = request(`${url}/graphql${search}`, { method, headers });
  sent.end(method === 'POST' ? (body ?? JSON.stringify({ query, variables, operationName })) : undefined);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the event is documented to bring
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  // oxlint-disable-next-line typescript/no-explicit-any -- the shape of the answer is what the tests are about
  const { data, errors }: any = await json(response);
  const mediaType = response.headers['content-type']?.split(';')[0];
  return { status: response.statusCode, mediaType, data, code: errors?.[0]?.extensions.code };
}

const newAISession = 'mutation ($input: NewAISessionInput!) { newAISession(input: $input) { id } }';
const aliases = Array.from({ length: 31 }, (_, index) => `a${index}: __typename`).join(' ');
const byGet = (query: string) => ({ method: 'GET', search: `?query=${encodeURIComponent(query)}` });

const executed: [string, Case, object, string | undefined][] = [
  ['that succeeds', { query: '{ viewer { id } }' }, { viewer: { id: 'alice' } }, undefined],
  ['by GET', byGet('{ viewer { id } }'), { viewer: { id: 'alice' } }, undefined],
  [
    'whose field needs a token',
    { query: '{ accounts { totalCount } }', authorization: () => undefined },
    { accounts: null },
    'UNAUTHENTICATED',
  ],
  [
    'whose field needs a role',
    { query: '{ accounts { totalCount } }', authorization: () => clerk },
    { accounts: null },
    'FORBIDDEN',
  ],
  [
    'whose field refuses a variable',
    { query: newAISession, variables: { input: { accountId: 'x' } } },
    { newAISession: null },
    'BAD_USER_INPUT',
  ],
  [
    'whose field refuses a literal',
    { query: '{ aiSessions(first: 0) { totalCount } }' },
    { aiSessions: null },
    'BAD_USER_INPUT',
  ],
  [
    'whose field finds nothing to change',
    { query: `mutation { deleteAISession(id: "${unknownId}") }` },
    { deleteAISession: null },
    'NOT_FOUND',
  ],
];

const faulty: [string, Case][] = [
  ['a syntax error', { query: '{' }],
  ['an empty document', { query: '' }],
  ['an unknown field', { query: '{ nope }' }],
  ['an unknown argument by GET', byGet('{ viewer(nope: 1) { id } }')],
  ['a literal of another type', { query: '{ aiSessions(first: "x") { totalCount } }' }],
  ['a literal that is no instant', { query: '{ aiSessions(filter: { createdFrom: 5 }) { totalCount } }' }],
  ['too many aliases', { query: `{ ${aliases} }` }],
  ['a variable that is not given', { query: newAISession }],
  ['a variable of another type', { query: newAISession, variables: { input: { purpose: 1 } } }],
  ['a variable with an unknown field', { query: newAISession, variables: { input: { nope: 1 } } }],
  [
    'a variable that is no instant',
    {
      query: 'query ($from: DateTime) { aiSessions(filter: { createdFrom: $from }) { totalCount } }',
      variables: { from: 5 },
    },
  ],
  [
    'a value that no enum has',
    {
      query: 'query ($by: OrderDirection!) { aiSessions(orderBy: { direction: $by }) { totalCount } }',
      variables: { by: 'X' },
    },
  ],
  ['two operations and no choice', { query: 'query A { __typename } query B { __typename }' }],
  ['an operation that is not there', { query: 'query A { __typename }', operationName: 'B' }],
];

const refused: [string, Case, number, string][] = [
  ['a bad token', { query: '{ viewer { id } }', authorization: () => 'Bearer x' }, 401, 'UNAUTHENTICATED'],
  ['another method', { method: 'PUT' }, 405, 'BAD_USER_INPUT'],
  ['a mutation by GET', byGet('mutation { newAISession(input: {}) { id } }'), 405, 'BAD_USER_INPUT'],
  ['a body over 100 kB', { query: ' '.repeat(101_000) }, 413, 'BAD_USER_INPUT'],
  ['another media type', { query: '{ viewer { id } }', contentType: 'text/plain' }, 415, 'BAD_USER_INPUT'],
  ['a body that is not JSON', { body: '{' }, 400, 'BAD_USER_INPUT'],
  ['a body without a query', { body: '{}' }, 400, 'BAD_USER_INPUT'],
  ['a query that is no text', { body: '{"query":1}' }, 400, 'BAD_USER_INPUT'],
  ['variables that are no object', { body: '{"query":"{ viewer { id } }","variables":"x"}' }, 400, 'BAD_USER_INPUT'],
  [
    'an operation name that is no text',
    { body: '{"query":"{ viewer { id } }","operationName":1}' },
    400,
    'BAD_USER_INPUT',
  ],
  ['an unknown parameter', { body: '{"query":"{ viewer { id } }","nope":1}' }, 400, 'BAD_USER_INPUT'],
  [
    'a token that no key is there to check',
    { query: '{ viewer { id } }', askedServer: () => withoutKeys, authorization: keyless },
    503,
    'SERVICE_UNAVAILABLE',
  ],
];

/** A token of an identity provider; its signature is not looked at, since there is no key. */
function keyless(): string {
  const parts = [{ alg: 'RS256', kid: 'key' }, { sub: 'alice', exp: 2e9 }, 'signature'];
  return `Bearer ${parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}`;
}

describe.each([
  ['application/graphql-response+json', 'application/graphql-response+json', 400],
  ['application/json', 'application/json', 200],
  ['*/*', 'application/json', 200],
  [undefined, 'application/json', 200],
])('to a client that accepts %s', (accept, mediaType, faultStatus) => {
  test.each(executed)('an operation %s is 200', async (_what, sent, data, code) => {
    expect(await send(sent, accept)).toEqual({ status: 200, mediaType, data, code });
  });

  test.each(faulty)(`%s is ${faultStatus}`, async (_what, sent) => {
    const answer = await send(sent, accept);
    expect(answer).toEqual({ status: faultStatus, mediaType, data: undefined, code: 'BAD_USER_INPUT' });
  });

  test.each(refused)('%s is refused with the status of its code', async (_what, sent, status, code) => {
    expect(await send(sent, accept)).toEqual({ status, mediaType, data: undefined, code });
  });
});
