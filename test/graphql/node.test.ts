import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAccount, createSession, startTestServer, unknownId, type TestServer } from '../support/test-server.ts';

let server: TestServer;
let accountId: string;
let sessionId: string;

beforeAll(async () => {
  server = await startTestServer();
  accountId = await createAccount(server, 'Acme');
  sessionId = (await createSession(server, { accountId, purpose: 'Billing' })).data.newAISession.id;
});
afterAll(() => server.stop());

const operation = `query ($id: ID!) {
  node(id: $id) {
    __typename
    id
    ... on EntityInfo { createdBy lastModifiedBy dateCreated dateLastModified }
    ... on AISessionInfo { accountId accountName purpose account { name } }
    ... on AccountInfo { name aiSessions { edges { node { id } } } }
  }
}`;

const entity = {
  createdBy: 'alice',
  lastModifiedBy: 'alice',
  dateCreated: expect.any(String),
  dateLastModified: expect.any(String),
};

test('a session is found by its id alone', async () => {
  const { data, errors } = await server.graphql(operation, { id: sessionId });
  const session = { accountId, accountName: 'Acme', purpose: 'Billing', account: { name: 'Acme' } };
  expect(errors).toBeUndefined();
  expect(data.node).toEqual({ __typename: 'AISessionInfo', id: sessionId, ...entity, ...session });
});

test('an account is found by its id alone', async () => {
  const { data, errors } = await server.graphql(operation, { id: accountId });
  const account = { name: 'Acme', aiSessions: { edges: [{ node: { id: sessionId } }] } };
  expect(errors).toBeUndefined();
  expect(data.node).toEqual({ __typename: 'AccountInfo', id: accountId, ...entity, ...account });
});

test('objects of both types are found in one document, in whatever letter case their ids are', async () => {
  const query = `query ($one: ID!, $other: ID!) {
    one: node(id: $one) { __typename ... on EntityInfo { __typename id } }
    other: node(id: $other) { __typename ... on EntityInfo { __typename id } }
  }`;
  const { data } = await server.graphql(query, { one: sessionId.toUpperCase(), other: accountId.toUpperCase() });
  expect(data).toEqual({
    one: { __typename: 'AISessionInfo', id: sessionId },
    other: { __typename: 'AccountInfo', id: accountId },
  });
});

test('an id of nothing finds null, without an error', async () => {
  const { status, data, errors } = await server.graphql(operation, { id: unknownId });
  expect({ status, data, errors }).toEqual({ status: 200, data: { node: null }, errors: undefined });
});

test('a deleted session is found no longer', async () => {
  const { id } = (await createSession(server)).data.newAISession;
  await server.graphql('mutation ($id: ID!) { deleteAISession(id: $id) }', { id });
  expect((await server.graphql(operation, { id })).data).toEqual({ node: null });
});

test.each(['', 'x', '5', 'QUlTZXNzaW9uSW5mbzox', `${unknownId}\0`])(
  'the id %j, which is malformed, is refused',
  async (id) => {
    const { status, data, errors } = await server.graphql(operation, { id });
    expect({ status, data }).toEqual({ status: 200, data: { node: null } });
    expect(errors).toMatchObject([{ path: ['node'], extensions: { code: 'BAD_USER_INPUT', field: 'id' } }]);
  },
);

test.each([
  ['UNAUTHENTICATED', async () => null],
  ['FORBIDDEN', () => server.tokenFor('mallory', ['Agent'])],
])('without the role it is refused as %s, whether there is such an object or not', async (code, makeToken) => {
  const token = await makeToken();
  for (const id of [sessionId, accountId, unknownId, 'x']) {
    const { data, errors } = await server.graphql(operation, { id }, { token });
    expect(data).toEqual({ node: null });
    expect(errors).toMatchObject([{ path: ['node'], extensions: { code } }]);
  }
});

test('introspection tells that EntityInfo and both types implement Node', async () => {
  const { data } = await server.graphql(`{
    node: __type(name: "Node") { kind fields { name } possibleTypes { name } }
    entity: __type(name: "EntityInfo") { kind interfaces { name } possibleTypes { name } }
    session: __type(name: "AISessionInfo") { interfaces { name } }
    account: __type(name: "AccountInfo") { interfaces { name } }
  }`);
  const possibleTypes = expect.toSatisfy((types: { name: string }[]) =>
    ['AISessionInfo', 'AccountInfo'].every((name) => types.some((type) => type.name === name)),
  );
  const both = expect.arrayContaining([{ name: 'EntityInfo' }, { name: 'Node' }]);
  expect(data).toEqual({
    node: { kind: 'INTERFACE', fields: [{ name: 'id' }], possibleTypes },
    entity: { kind: 'INTERFACE', interfaces: [{ name: 'Node' }], possibleTypes },
    session: { interfaces: both },
    account: { interfaces: both },
  });
});
