import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAccount, createSession, startTestServer, unknownId, type TestServer } from '../support/test-server.ts';

// Lists behind a mutation, and what fails in it, are answered before it is compiled as they are afterwards.
const often = 10;
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({}, undefined, 3);
});
afterAll(() => server.stop());

const countCompiled = () => server.logLines().filter(({ msg }) => msg === 'operation compiled').length;

/** Sends a document often; answers how it was answered before it was compiled, and what was answered afterwards. */
async function sendAcrossCompilation(query: string, variables?: object) {
  const before = countCompiled();
  const answers = [];
  for (let count = 0; count < often; count += 1) {
    const { status, data, errors } = await server.graphql(query, variables);
    answers.push({ status, data, errors });
  }
  expect(countCompiled()).toBe(before + 1);
  return { first: answers[0], rest: answers.slice(1) };
}

test('a creation that fails beside one that succeeds is null beside the same error each time', async () => {
  const query = `mutation Two($a: NewAISessionInput!, $b: NewAISessionInput!) {
    a: newAISession(input: $a) { purpose account { name } }
    b: newAISession(input: $b) { purpose account { name } }
  }`;
  const accountId = await createAccount(server, 'Acme');
  const variables = { a: { accountId, purpose: 'x' }, b: { accountId: unknownId } };
  const { first, rest } = await sendAcrossCompilation(query, variables);
  expect(first).toMatchObject({ status: 200, data: { a: { purpose: 'x', account: { name: 'Acme' } }, b: null } });
  expect(first?.errors).toMatchObject([{ path: ['b'], extensions: { code: 'BAD_USER_INPUT', field: 'accountId' } }]);
  expect(rest).toEqual(rest.map(() => first));
});

test.each([
  ['', ['new', 'old', 'older']],
  ['orderBy: {}', ['new', 'old', 'older']],
  ['orderBy: { direction: ASC }', ['older', 'old', 'new']],
  ['orderBy: { field: DATE_LAST_MODIFIED }', ['older', 'new', 'old']],
  ['orderBy: { field: DATE_LAST_MODIFIED, direction: ASC }', ['old', 'new', 'older']],
  ['orderBy: { field: $field }', ['older', 'new', 'old']],
  ['orderBy: { field: $field, direction: $direction }', ['old', 'new', 'older']],
  ['last: 2', ['old', 'older']],
])('the sessions of an account behind a mutation, with (%s), are the same each time', async (order, expected) => {
  const accountId = await createAccount(server, 'Acme');
  for (const purpose of ['older', 'old', 'new']) await createSession(server, { accountId, purpose });
  const patch = 'mutation ($id: ID!) { patchAISession(input: { id: $id, purpose: "older" }) { id } }';
  const list = 'query ($ids: [ID!]) { aiSessions(filter: { accountIds: $ids }) { edges { node { id } } } }';
  const { data } = await server.graphql(list, { ids: [accountId] });
  await server.graphql(patch, data.aiSessions.edges[2].node);
  // Without a purpose, a patch changes nothing.
  const inputs = [
    '$id: ID!',
    ...['$field: AISessionOrderField!', '$direction: OrderDirection!'].filter((input) =>
      order.includes(input.split(':')[0] ?? ''),
    ),
  ];
  const query = `mutation List(${inputs.join()}) {
    patchAISession(input: { id: $id }) {
      account { name aiSessions(first: 5) { totalCount edges { node { purpose account { id } } } } }
    }
  }`.replace(order ? '(first: 5)' : 'nothing', `(${order})`);
  const variables = { id: data.aiSessions.edges[0].node.id, field: 'DATE_LAST_MODIFIED', direction: 'ASC' };
  const { first, rest } = await sendAcrossCompilation(query, variables);
  const edges = expected.map((purpose) => ({ node: { purpose, account: { id: accountId } } }));
  const totalCount = 3;
  expect(first?.data).toEqual({ patchAISession: { account: { name: 'Acme', aiSessions: { totalCount, edges } } } });
  expect(rest).toEqual(rest.map(() => first));
});

test('a list behind a mutation that is refused is null beside the same error each time', async () => {
  const accountId = await createAccount(server, 'Acme');
  const query = `mutation Refused($input: NewAISessionInput!, $first: Int) {
    newAISession(input: $input) { purpose account { name aiSessions(first: $first) { totalCount } } }
  }`;
  const { first, rest } = await sendAcrossCompilation(query, { input: { accountId, purpose: 'x' }, first: 101 });
  expect(first?.data).toEqual({ newAISession: { purpose: 'x', account: { name: 'Acme', aiSessions: null } } });
  expect(first?.errors).toMatchObject([{ path: ['newAISession', 'account', 'aiSessions'] }]);
  expect(rest).toEqual(rest.map(() => first));
});

test.each([
  ['of an enum', '$direction: OrderDirection! = ASC', '{ direction: $direction }', ['a', 'b']],
  ['of the other enum', '$field: AISessionOrderField! = DATE_LAST_MODIFIED', '{ field: $field }', ['a', 'b']],
  ['of an input', '$by: AISessionOrder = { direction: ASC }', '$by', ['a', 'b']],
  ['of an input, whose enum has a default of its own', '$by: AISessionOrder = {}', '$by', ['b', 'a']],
])('an order that is the default %s counts each time', async (_what, definition, order, expected) => {
  const accountId = await createAccount(server, 'Acme');
  const { data } = await createSession(server, { accountId, purpose: 'a' });
  await createSession(server, { accountId, purpose: 'b' });
  const { id } = data.newAISession;
  const change = 'mutation ($id: ID!) { patchAISession(input: { id: $id, purpose: "a" }) { id } }';
  await server.graphql(change, { id });
  const query = `mutation Default($id: ID!, ${definition}) {
    patchAISession(input: { id: $id }) { account { aiSessions(orderBy: ${order}) { edges { node { purpose } } } } }
  }`;
  const { first, rest } = await sendAcrossCompilation(query, { id });
  const edges = expected.map((purpose) => ({ node: { purpose } }));
  expect(first?.data).toEqual({ patchAISession: { account: { aiSessions: { edges } } } });
  expect(rest).toEqual(rest.map(() => first));
});
