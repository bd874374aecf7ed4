import { afterAll, beforeAll, expect, test } from 'vitest';
import { countRows, createAccount, startTestServer, type TestServer } from '../support/test-server.ts';

// Documents are compiled at their first use here, and bypass Yoga from the second on.
let server: TestServer;
let executing: TestServer;

beforeAll(async () => {
  server = await startTestServer({}, undefined, 0);
  executing = await startTestServer({}, undefined, Infinity);
  for (const each of [server, executing]) await createAccount(each, 'Acme');
});
afterAll(() => Promise.all([server.stop(), executing.stop()]));

async function send({ graphql }: TestServer, query: string, variables: object) {
  const { status, data, errors } = await graphql(query, variables);
  return { status, data, errors };
}

interface Case {
  query: string;
  /** Compile the document: what is refused never gets so far. */
  valid: object;
  bad: object;
}

const newAISession = 'mutation ($input: NewAISessionInput!) { newAISession(input: $input) { id } }';
const filtered = 'query ($by: AISessionFilter) { aiSessions(filter: $by) { totalCount } }';
const named = 'query ($name: String!) { accounts(nameContains: $name) { totalCount } }';
const sized = (name: string) => `query ($${name}: Int! = 2) { aiSessions(first: $${name}) { totalCount } }`;
const found = '{ edges { node { name } } }';

test.each<[string, Case]>([
  ['a list for an input', { query: newAISession, valid: { input: {} }, bad: { input: [] } }],
  ['a list for a filter', { query: filtered, valid: { by: {} }, bad: { by: [] } }],
  ['null for a string', { query: named, valid: { name: 'x' }, bad: { name: null } }],
  ['a number for a string', { query: named, valid: { name: 'x' }, bad: { name: 5 } }],
  ['null beside a default', { query: sized('size'), valid: {}, bad: { size: null } }],
  ['null for what objects have', { query: sized('valueOf'), valid: {}, bad: { valueOf: null } }],
])('%s is refused as if the document was not compiled', async (_what, { query, valid, bad }) => {
  await send(server, query, valid);
  const before = await countRows(server);
  const refused = await send(executing, query, bad);
  expect(refused).toMatchObject({ data: undefined, errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
  expect(await send(server, query, bad)).toEqual(refused);
  expect(await countRows(server)).toBe(before);
});

test.each([
  ['null for @include', 'query ($all: Boolean = true) { viewer { id @include(if: $all) roles } }', { all: null }],
  ['null for @skip', 'query ($all: Boolean = false) { viewer { id @skip(if: $all) roles } }', { all: null }],
  ['null for a direction', `query ($to: OrderDirection = DESC) { accounts(direction: $to) ${found} }`, { to: null }],
  ['null for an id', 'query ($id: ID = "x") { node(id: $id) { id } }', { id: null }],
  [
    'nothing under a name of objects',
    `query ($constructor: String) { accounts(nameContains: $constructor) ${found} }`,
    {},
  ],
  ['one id for a list', `query ($ids: [ID!] = "x") { accounts(ids: $ids) ${found} }`, {}],
  ['a number beyond all that are exact', 'query ($id: ID! = 12345678901234567890) { node(id: $id) { id } }', {}],
])('%s is answered as if the document was not compiled', async (_what, query, variables) => {
  const answer = await send(executing, query, variables);
  for (let count = 0; count < 3; count += 1) expect(await send(server, query, variables)).toEqual(answer);
});
