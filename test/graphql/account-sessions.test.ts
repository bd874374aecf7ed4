import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomRuns } from '../support/random-runs.ts';
import { createAccount, createSession, readPage, startTestServer, type TestServer } from '../support/test-server.ts';

// A page of an account's sessions must be the page that the list of all sessions has for this account.
let server: TestServer;
const accountIds: string[] = [];
/** The cursors of all sessions, in both orders; those of every account come in between. */
const cursors: Record<string, string[]> = {};

beforeAll(async () => {
  server = await startTestServer();
  for (const name of ['Many', 'Some', 'One', 'None']) accountIds.push(await createAccount(server, name));
  const [many, some, one] = accountIds;
  const owners = [one, ...Array.from({ length: 24 }, (_, index) => [many, many, some, undefined][index % 4])];
  const created = await Promise.all(owners.map((accountId) => createSession(server, { accountId })));
  for (const { data } of created.filter((_, index) => index % 3 === 0).toReversed()) {
    await server.graphql(`mutation { patchAISession(input: { id: "${data.newAISession.id}", purpose: "x" }) { id } }`);
  }
  for (const field of ['DATE_CREATED', 'DATE_LAST_MODIFIED']) {
    cursors[field] = (await readPage(server, 'aiSessions', { orderBy: { field }, first: 100 })).cursors;
  }
  await server.graphql('mutation ($id: ID!) { deleteAISession(id: $id) }', { id: created[5]?.data.newAISession.id });
});
afterAll(() => server.stop());

const types = { first: 'Int', after: 'String', last: 'Int', before: 'String', orderBy: 'AISessionOrder' };
const variables = Object.entries(types).map(([name, type]) => `$${name}: ${type}`);
const given = Object.keys(types).map((name) => `${name}: $${name}`);
const page = `totalCount edges { cursor node { id accountId accountName purpose } }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor }`;

/** Reads a page of every account at once. */
async function readAll(request: object) {
  const operation = `query (${variables.join()}) {
    accounts(first: 4) { edges { node { id aiSessions(${given.join()}) { ${page} } } } }
  }`;
  const { data, errors } = await server.graphql(operation, request);
  expect(errors).toBeUndefined();
  return data.accounts.edges.map(({ node }: { node: object }) => node);
}

/** Reads the same page of one account from the list of all sessions. */
async function readOne(id: string, request: object) {
  const operation = `query ($ids: [ID!], ${variables.join()}) {
    aiSessions(filter: { accountIds: $ids }, ${given.join()}) { ${page} }
  }`;
  const { data } = await server.graphql(operation, { ids: [id], ...request });
  return { id, aiSessions: data.aiSessions };
}

const fields = fc.constantFrom('DATE_CREATED', 'DATE_LAST_MODIFIED');
const requests = () =>
  fields.chain((field) => {
    const cursor = fc.constantFrom(...(cursors[field] ?? []));
    const ends = fc.record({ after: cursor, before: cursor }, { requiredKeys: [] });
    const sizes = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 100 }));
    const size = fc.oneof(fc.record({ first: sizes }), fc.record({ last: sizes }));
    const orderBy = fc.record({ field: fc.constant(field), direction: fc.constantFrom('ASC', 'DESC') });
    return fc
      .record({ ends, size, orderBy })
      .map((parts) => ({ ...parts.ends, ...parts.size, orderBy: parts.orderBy }));
  });

test('the pages of all accounts are those of the list of all sessions, whatever page is asked for', () =>
  fc.assert(
    fc.asyncProperty(requests(), async (request) => {
      const expected = await Promise.all(accountIds.map((id) => readOne(id, request)));
      expect(await readAll(request)).toEqual(expected);
    }),
    randomRuns(),
  ));

test('without arguments, an account has its 25 newest sessions', async () => {
  const expected = await Promise.all(accountIds.map((id) => readOne(id, {})));
  expect(await readAll({})).toEqual(expected);
});

test('an account without sessions has an empty page', async () => {
  const none = (await readAll({})).at(-1);
  const pageInfo = { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null };
  expect(none).toEqual({ id: accountIds[3], aiSessions: { totalCount: 0, edges: [], pageInfo } });
});

test('walking the sessions of an account meets each once, in the order of the list', async () => {
  const all = await readPage(server, 'aiSessions', { filter: { accountIds: [accountIds[0]] }, first: 100 });
  const met: string[] = [];
  let after: string | null = null;
  do {
    const operation = `query ($id: ID!, $after: String) {
      account(id: $id) { aiSessions(first: 5, after: $after) { edges { node { id } } pageInfo { hasNextPage endCursor } } }
    }`;
    const { data } = await server.graphql(operation, { id: accountIds[0], after });
    const { edges, pageInfo } = data.account.aiSessions;
    met.push(...edges.map(({ node }: { node: { id: string } }) => node.id));
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
  } while (after !== null && met.length < 100);
  expect(met).toEqual(all.ids);
  expect(met).toHaveLength(all.totalCount);
});

/** Reads fields of the account with the most sessions. */
async function readMany(parts: string[]) {
  const query = `query ($id: ID!) { account(id: $id) { ${parts.join(' ')} } }`;
  return (await server.graphql(query, { id: accountIds[0] })).data.account;
}

test.each([
  ['two pages of one account, of other sizes', 'first: 1', 'first: 3'],
  ['two pages of one account, of other ends', 'first: 2', 'last: 2'],
  ['two pages of one account, of other orders', 'first: 2', 'first: 2, orderBy: { direction: ASC }'],
])('%s, do not mix', async (_what, one, other) => {
  const parts = [
    `a: aiSessions(${one}) { edges { node { id } } }`,
    `b: aiSessions(${other}) { edges { node { id } } }`,
  ];
  const alone = await Promise.all(parts.map((part) => readMany([part])));
  expect(await readMany(parts)).toEqual({ ...alone[0], ...alone[1] });
});

test('a cursor of another order is refused', async () => {
  const query = `query ($id: ID!, $after: String) {
    account(id: $id) { aiSessions(after: $after, orderBy: { field: DATE_LAST_MODIFIED }) { totalCount } }
  }`;
  const { data, errors } = await server.graphql(query, { id: accountIds[0], after: cursors['DATE_CREATED']?.[0] });
  expect(data).toEqual({ account: { aiSessions: null } });
  expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'after' } }]);
});
