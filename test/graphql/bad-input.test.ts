import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createAccount,
  createSession,
  sessionFields,
  startTestServer,
  type TestServer,
} from '../support/test-server.ts';

let server: TestServer;
let authorization: string;

beforeAll(async () => {
  server = await startTestServer();
  authorization = `Bearer ${await server.tokenFor('alice')}`;
  await createSession(server, { accountId: await createAccount(server, 'Acme'), purpose: 'Billing' });
});
afterAll(() => server.stop());

/** All that a refused request must leave as it is. */
async function snapshot() {
  const operation = `{ aiSessions { edges { node { ${sessionFields} } } } accounts { edges { node { id name } } } }`;
  return (await server.graphql(operation)).data;
}

const codes =
  /^(UNAUTHENTICATED|FORBIDDEN|BAD_USER_INPUT|NOT_FOUND|IDEMPOTENCY_KEY_REUSED|SERVICE_UNAVAILABLE|INTERNAL_SERVER_ERROR)$/;
const internals = /"stack|\\n\s+at |\.[jt]s:\d|node_modules|ai_sessions|\b(select|insert|update)\b/;

/** Sends a request as an administrator, and checks what holds for every error, whatever it is about. */
async function send(init: RequestInit, search = '', contentType = 'application/json') {
  const before = await snapshot();
  const Accept = 'application/graphql-response+json';
  const headers = { Accept, Authorization: authorization, 'Content-Type': contentType };
  const response = await fetch(`${server.url}/graphql${search}`, { ...init, headers });
  const text = await response.text();
  const { data, errors } = JSON.parse(text);
  expect(errors).toMatchObject([{ extensions: { code: expect.stringMatching(codes) } }]);
  expect(text).not.toMatch(internals);
  expect(await snapshot()).toEqual(before);
  const { code, field } = errors[0].extensions;
  return { status: response.status, allow: response.headers.get('Allow'), data, code, field };
}

const post = (body: BodyInit, contentType?: string) => send({ method: 'POST', body }, '', contentType);
const run = (query: string, variables?: unknown) => post(JSON.stringify({ query, variables }));

const id = '0192f0c1-2345-7000-8000-00000000000a';
const newAISession = 'mutation ($input: NewAISessionInput!) { newAISession(input: $input) { id } }';
const newAccount = 'mutation ($input: NewAccountInput!) { newAccount(input: $input) { id } }';
const patchAISession = 'mutation ($input: PatchAISessionInput!) { patchAISession(input: $input) { id } }';
const deleteAISession = 'mutation ($id: ID!) { deleteAISession(id: $id) }';
const aiSessions = 'query ($filter: AISessionFilter) { aiSessions(filter: $filter) { totalCount } }';
const accounts = 'query ($nameContains: String) { accounts(nameContains: $nameContains) { totalCount } }';
const creation = JSON.stringify({ query: newAISession, variables: { input: {} } });

/** The answer to a fault of the document, or of its variables. */
const badRequest = { status: 400, code: 'BAD_USER_INPUT' };

/** The answer to an operation that was executed, and whose only field refused its input. */
const badField = (query: string, field: string) => {
  const data = { [/\{ (\w+)/.exec(query)?.[1] ?? '']: null };
  return { status: 200, code: 'BAD_USER_INPUT', data, field };
};

describe.each([
  ['text', 'x'],
  ['nothing', ''],
  ['a number', 5],
  ['a UUID without dashes', id.replaceAll('-', '')],
  ['a UUID in braces', `{${id}}`],
  ['a UUID and NUL', `${id}\0`],
  ['SQL', "' or true --"],
])('an id that is %s', (_kind, bad) => {
  test.each([
    ['the account of a new session', newAISession, { input: { accountId: bad } }, 'accountId'],
    ['a session to change', patchAISession, { input: { id: bad, purpose: 'Sales' } }, 'id'],
    ['a session to delete', deleteAISession, { id: bad }, 'id'],
    ['the filter "ids"', aiSessions, { filter: { ids: [bad] } }, 'ids'],
    ['the filter "accountIds"', aiSessions, { filter: { accountIds: [bad] } }, 'accountIds'],
  ])('is refused as %s', async (_where, query, variables, field) => {
    expect(await run(query, variables)).toMatchObject(badField(query, field));
  });

  test.each(['aiSession', 'account', 'node'])('is refused by the query %s', async (name) => {
    const query = `query ($id: ID!) { ${name}(id: $id) { id } }`;
    expect(await run(query, { id: bad })).toMatchObject(badField(query, 'id'));
  });
});

describe.each([
  ['NUL', 'a\0b'],
  ['a lone high surrogate', 'a\ud800b'],
  ['a lone low surrogate', '\udc00'],
  ['a byte-order mark at its start', '\uFEFFa'],
])('a text with %s', (_kind, bad) => {
  test.each([
    ['the purpose of a new session', newAISession, { input: { purpose: bad } }, 'purpose'],
    ['a changed purpose', patchAISession, { input: { id, purpose: bad } }, 'purpose'],
    ['an idempotency key', newAISession, { input: { idempotencyKey: bad } }, 'idempotencyKey'],
    ['the name of an account', newAccount, { input: { name: bad } }, 'name'],
    ['a part of a name', accounts, { nameContains: bad }, 'nameContains'],
    ['the filter "createdBy"', aiSessions, { filter: { createdBy: bad } }, 'createdBy'],
  ])('is refused as %s', async (_where, query, variables, field) => {
    expect(await run(query, variables)).toMatchObject(badField(query, field));
  });
});

test.each([
  ['a purpose of 2,001 characters', newAISession, { input: { purpose: 'x'.repeat(2001) } }, 'purpose'],
  ['a purpose of 2,001 emoji', newAISession, { input: { purpose: '🙂'.repeat(2001) } }, 'purpose'],
  ['a changed purpose of 2,001 characters', patchAISession, { input: { id, purpose: 'x'.repeat(2001) } }, 'purpose'],
  ['an empty account name', newAccount, { input: { name: '' } }, 'name'],
  ['an account name of 256 characters', newAccount, { input: { name: 'x'.repeat(256) } }, 'name'],
  ['101 ids', aiSessions, { filter: { ids: Array(101).fill(id) } }, 'ids'],
  ['101 account ids', aiSessions, { filter: { accountIds: Array(101).fill(id) } }, 'accountIds'],
])('%s is refused, and named', async (_kind, query, variables, field) => {
  expect(await run(query, variables)).toMatchObject(badField(query, field));
});

test.each([
  ['an unknown field of an input', newAISession, { input: { createdBy: 'mallory' } }],
  ['an unknown field of a selection', 'mutation { newAISession(input: {}) { id, secret } }', {}],
  ['an unknown argument', 'mutation { newAISession(input: {}, dryRun: false) { id } }', {}],
  ['an unknown operation', '{ users { id } }', {}],
  ['a number for a text', newAISession, { input: { purpose: 5 } }],
  ['an object for an id', newAISession, { input: { accountId: {} } }],
  ['null for what is required', newAccount, { input: { name: null } }],
  ['a list for an object', newAISession, { input: [{}, {}] }],
  ['a missing variable', newAISession, {}],
  ['no variables', newAISession, undefined],
  ['variables that are a list', newAISession, [{ input: {} }]],
  ['variables that are text', newAISession, '{"input":{}}'],
  ['a syntax error', 'mutation { newAISession(input: {}) { id }', {}],
  ['a lone surrogate in the document', String.raw`mutation { newAISession(input: { purpose: "\ud800" }) { id } }`, {}],
  ['two operations and no choice', `${newAISession.replace('mutation', 'mutation A')} query B { viewer { id } }`, {}],
])('%s is refused', async (_kind, query, variables) => {
  expect(await run(query, variables)).toMatchObject({ ...badRequest, data: undefined });
});

test.each([
  ['empty', ''],
  ['cut off', creation.slice(0, -1)],
  ['null', 'null'],
  ['a list of operations', `[${creation}]`],
  ['without a query', '{"variables":{}}'],
  ['with extensions that are text', `${creation.slice(0, -1)},"extensions":"x"}`],
])('a body that is %s is refused', async (_kind, body) => {
  expect(await post(body)).toMatchObject({ ...badRequest, data: undefined });
});

describe('a body over 100 kB', () => {
  const body = creation.padEnd(110_000);

  test('is refused by its length', async () => {
    expect(await post(body)).toMatchObject({ status: 413, code: 'BAD_USER_INPUT', data: undefined });
  });

  test('is refused when it comes in chunks without a length', async () => {
    const init = { method: 'POST', body: new Blob([body]).stream(), duplex: 'half' };
    expect(await send(init)).toMatchObject({ status: 413, code: 'BAD_USER_INPUT', data: undefined });
  });
});

test.each(['PUT', 'DELETE', 'PATCH'])('the method %s is refused', async (method) => {
  const allow = expect.stringContaining('POST');
  expect(await send({ method, body: creation })).toMatchObject({ status: 405, allow, data: undefined });
});

test.each([
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/graphql',
  '',
])('the media type "%s" is refused', async (mediaType) => {
  expect(await post(creation, mediaType)).toMatchObject({ status: 415, code: 'BAD_USER_INPUT', data: undefined });
});

test('a mutation by GET is refused', async () => {
  const query = encodeURIComponent('mutation { newAISession(input: {}) { id } }');
  const answer = await send({ method: 'GET' }, `?query=${query}`);
  expect(answer).toMatchObject({ status: 405, allow: 'POST', data: undefined });
});

test.each(['{', '5', '[]', 'x'])('variables in a URL that are %s are refused', async (variables) => {
  const search = `?query=${encodeURIComponent('{ viewer { id } }')}&variables=${encodeURIComponent(variables)}`;
  expect(await send({ method: 'GET' }, search)).toMatchObject({ ...badRequest, data: undefined });
});
