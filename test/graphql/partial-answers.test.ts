import { afterAll, beforeAll, expect, test } from 'vitest';
import { countRows, startTestServer, unknownId, type TestServer } from '../support/test-server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const twoCreations = `mutation ($a: NewAISessionInput!, $b: NewAISessionInput!) {
  a: newAISession(input: $a) { id purpose }
  b: newAISession(input: $b) { id purpose }
}`;

test.each([
  ['a bad input', { accountId: 'x' }, { code: 'BAD_USER_INPUT', field: 'accountId' }],
  ['an unknown account', { accountId: unknownId }, { code: 'BAD_USER_INPUT', field: 'accountId' }],
])('of two creations in one document, the one with %s is null beside its error', async (_kind, bad, extensions) => {
  const before = await countRows(server);
  const good = { purpose: 'Billing' };
  const { status, data, errors } = await server.graphql(twoCreations, { a: good, b: bad });
  expect({ status, data }).toEqual({ status: 200, data: { a: { id: data.a.id, ...good }, b: null } });
  expect(errors).toMatchObject([{ path: ['b'], extensions }]);
  const found = await server.graphql('query ($id: ID!) { aiSession(id: $id) { purpose } }', data.a);
  expect(found.data).toEqual({ aiSession: good });
  expect(await countRows(server)).toBe(before + 1);
});

test('a creation that fails does not keep the next one from being made', async () => {
  const { data, errors } = await server.graphql(twoCreations, { a: { accountId: 'x' }, b: { purpose: 'Billing' } });
  expect(data).toMatchObject({ a: null, b: { purpose: 'Billing' } });
  expect(errors).toMatchObject([{ path: ['a'] }]);
});

test('of mutations of all kinds in one document, those that succeed are answered', async () => {
  const { data, errors } = await server.graphql(
    `mutation ($unknown: ID!) {
      newAccount(input: { name: "Acme" }) { name }
      patchAISession(input: { id: $unknown, purpose: "x" }) { id }
      newAISession(input: { purpose: "Sales" }) { purpose }
      deleteAISession(id: $unknown)
    }`,
    { unknown: unknownId },
  );
  expect(data).toEqual({
    newAccount: { name: 'Acme' },
    patchAISession: null,
    newAISession: { purpose: 'Sales' },
    deleteAISession: null,
  });
  expect(errors?.map(({ path }) => path)).toEqual([['patchAISession'], ['deleteAISession']]);
});

test('without the role, the viewer is answered beside lists that are null', async () => {
  const token = await server.tokenFor('dave', ['Agent']);
  const operation = '{ viewer { id } aiSessions { totalCount edges { node { id } } } accounts { totalCount } }';
  const { status, data, errors } = await server.graphql(operation, {}, { token });
  expect({ status, data }).toEqual({ status: 200, data: { viewer: { id: 'dave' }, aiSessions: null, accounts: null } });
  expect(errors).toMatchObject([
    { path: ['aiSessions'], extensions: { code: 'FORBIDDEN' } },
    { path: ['accounts'], extensions: { code: 'FORBIDDEN' } },
  ]);
});

test('a list that is refused is null beside another list', async () => {
  const { data, errors } = await server.graphql('{ aiSessions(first: 0) { totalCount } accounts { totalCount } }');
  expect(data).toEqual({ aiSessions: null, accounts: { totalCount: expect.any(Number) } });
  expect(errors).toMatchObject([{ path: ['aiSessions'], extensions: { code: 'BAD_USER_INPUT', field: 'first' } }]);
});

test('sessions of an account that are refused are null inside the account', async () => {
  const created = await server.graphql('mutation { newAccount(input: { name: "Acme" }) { id } }');
  const operation = 'query ($id: ID!) { account(id: $id) { name aiSessions(last: 101) { totalCount } } }';
  const { status, data, errors } = await server.graphql(operation, { id: created.data.newAccount.id });
  expect({ status, data }).toEqual({ status: 200, data: { account: { name: 'Acme', aiSessions: null } } });
  expect(errors).toMatchObject([{ path: ['account', 'aiSessions'], extensions: { field: 'last' } }]);
});
