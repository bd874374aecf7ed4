import { afterAll, beforeAll, expect, test } from 'vitest';
import { sendGraphQL } from '../support/graphql.ts';
import { createAccount, createSession, startTestServer, type TestServer } from '../support/test-server.ts';

// A document is compiled once it has been sent often: it must be answered as it was before.
const often = 10;
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({}, undefined, 3);
});
afterAll(() => server.stop());

function repeated<Value>(value: Value): Value[] {
  return Array.from({ length: often }, () => value);
}

async function sendOften(query: string, variables?: object, options?: object) {
  const answers = [];
  for (let count = 0; count < often; count += 1) answers.push(await server.graphql(query, variables, options));
  return answers.map(({ status, data, errors }) => ({
    status,
    data,
    codes: errors?.map(({ extensions }) => extensions),
  }));
}

test('a creation that is sent often makes a session each time', async () => {
  const accountId = await createAccount(server, 'Acme');
  const created = [];
  for (let count = 0; count < often; count += 1) created.push(await createSession(server, { accountId, purpose: 'x' }));
  const sessions = created.map(({ data }) => data.newAISession);
  expect(new Set(sessions.map(({ id }: { id: string }) => id)).size).toBe(often);
  expect(sessions).toEqual(repeated(expect.objectContaining({ accountName: 'Acme', purpose: 'x' })));
});

test.each([
  ['an unknown field', { input: { nope: 1 } }],
  ['a wrong type', { input: { purpose: 1 } }],
  ['no input', {}],
])('%s is refused each time in the same way', async (_kind, variables) => {
  const query = 'mutation ($input: NewAISessionInput!) { newAISession(input: $input) { id } }';
  const expected = { status: 200, data: undefined, codes: [{ code: 'BAD_USER_INPUT' }] };
  expect(await sendOften(query, variables)).toEqual(repeated(expected));
});

test('a viewer without a token is refused each time', async () => {
  const query = 'mutation ($input: NewAISessionInput!) { newAISession(input: $input) { id purpose } }';
  const expected = { status: 200, data: { newAISession: null }, codes: [{ code: 'UNAUTHENTICATED' }] };
  expect(await sendOften(query, { input: {} }, { token: null })).toEqual(repeated(expected));
});

test('a patch that leaves the purpose out leaves it each time', async () => {
  const { data } = await createSession(server, { purpose: 'stays' });
  const query = `mutation ($id: ID!, $purpose: String) { patchAISession(input: { id: $id, purpose: $purpose }) { purpose } }`;
  const answers = await sendOften(query, { id: data.newAISession.id });
  expect(answers.map((answer) => answer.data.patchAISession.purpose)).toEqual(repeated('stays'));
});

test('a variable named __proto__ is refused each time', async () => {
  const query = 'mutation ($__proto__: NewAISessionInput!) { newAISession(input: $__proto__) { id } }';
  const expected = { status: 200, data: { newAISession: null }, codes: [{ code: 'BAD_USER_INPUT' }] };
  expect(await sendOften(query, JSON.parse('{"__proto__": {}}'))).toEqual(repeated(expected));
});

test('of a document with two operations, each is executed when it is asked for', async () => {
  const query =
    'mutation A { newAISession(input: { purpose: "a" }) { purpose } } mutation B { newAISession(input: { purpose: "b" }) { purpose } }';
  const ask = async (operationName: string) => {
    const token = await server.tokenFor('alice');
    return (await sendGraphQL(server.url, { query, operationName }, { token })).data.newAISession.purpose;
  };
  const purposes = [];
  for (let count = 0; count < often; count += 1) purposes.push(await ask('A'), await ask('B'));
  expect(purposes).toEqual(repeated(['a', 'b']).flat());
});

test('a patch in a fragment that leaves the purpose out leaves it each time', async () => {
  const { data } = await createSession(server, { purpose: 'stays' });
  const query = `mutation ($id: ID!, $purpose: String) { ...patch }
    fragment patch on Mutation { patchAISession(input: { id: $id, purpose: $purpose }) { purpose } }`;
  const answers = await sendOften(query, { id: data.newAISession.id });
  expect(answers.map((answer) => answer.data.patchAISession.purpose)).toEqual(repeated('stays'));
});

test('a variable inside of an object takes its default each time', async () => {
  const query = 'mutation ($purpose: String = "chosen") { newAISession(input: { purpose: $purpose }) { purpose } }';
  const answers = await sendOften(query);
  expect(answers.map((answer) => answer.data.newAISession.purpose)).toEqual(repeated('chosen'));
});

test('null is refused each time where a field does not take it, though its variable does', async () => {
  const query = `query ($direction: OrderDirection = ASC) {
    aiSessions(orderBy: { direction: $direction }) { totalCount }
  }`;
  const answers = await sendOften(query, { direction: null });
  expect(answers).toEqual(repeated({ status: 200, data: { aiSessions: null }, codes: [{ code: 'BAD_USER_INPUT' }] }));
});

test('a selection that is left out does not come back where others of its field stay', async () => {
  const query = `query ($isWhole: Boolean!) {
    aiSessions { ...whole @include(if: $isWhole) pageInfo { endCursor } }
  }
  fragment whole on AISessionInfoConnection { pageInfo { hasNextPage } pageInfo { hasPreviousPage } }`;
  const answers = await sendOften(query, { isWhole: false });
  const pageInfo = { endCursor: expect.anything() };
  expect(answers).toEqual(repeated({ status: 200, data: { aiSessions: { pageInfo } }, codes: undefined }));
});

test('a query by GET is answered as by POST each time', async () => {
  const { data } = await createSession(server, { purpose: 'x' });
  const { id } = data.newAISession;
  const query = `query Find($id: ID!) { aiSession(id: $id) { purpose } }`;
  const parameters = new URLSearchParams({ query, variables: JSON.stringify({ id }) });
  const headers = { Authorization: `Bearer ${await server.tokenFor('alice')}` };
  for (let count = 0; count < often; count += 1) {
    const response = await fetch(`${server.url}/graphql?${parameters}`, { headers });
    expect(await response.json()).toEqual({ data: { aiSession: { purpose: 'x' } } });
  }
});

test('a mutation that is compiled is refused by GET each time', async () => {
  const query = 'mutation Refused { newAISession(input: {}) { id } }';
  await sendOften(query);
  const headers = { Authorization: `Bearer ${await server.tokenFor('alice')}` };
  const response = await fetch(`${server.url}/graphql?${new URLSearchParams({ query })}`, { headers });
  expect(response.status).toBe(405);
});
