import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  countStatements,
  createAccount,
  createSession,
  startTestServer,
  type TestServer,
} from '../support/test-server.ts';

// How the graph goes from one type to another. However many rows there are, an edge costs the same statements.
let server: TestServer;
const accountIds: string[] = [];

beforeAll(async () => {
  server = await startTestServer();
  for (let count = 0; count < 100; count += 1) accountIds.push(await createAccount(server, `Account ${count}`));
  // Each account has two sessions, but the last one has none.
  const inputs = accountIds.slice(0, -1).flatMap((accountId) => [{ accountId }, { accountId }]);
  await Promise.all(inputs.map((input) => createSession(server, input)));
});
afterAll(() => server.stop());

/** Runs an operation; answers its data, and how many statements it took. */
async function measure(query: string, variables: object = {}) {
  const before = countStatements(server);
  const { data, errors } = await server.graphql(query, variables);
  expect(errors).toBeUndefined();
  return { data, statements: countStatements(server) - before };
}

interface Connection<Node> {
  edges: { node: Node }[];
}

const nodesOf = <Node>({ edges }: Connection<Node>) => edges.map(({ node }) => node);

test('the accounts of 1 and of 100 sessions cost one statement more than the sessions', async () => {
  const statements = [];
  for (const first of [1, 100]) {
    const query = `{ aiSessions(first: ${first}) { edges { node { accountId accountName account { id name } } } } }`;
    const answer = await measure(query);
    const page: Connection<{ accountId: string; accountName: string; account: object }> = answer.data.aiSessions;
    expect(page.edges).toHaveLength(first);
    for (const { accountId, accountName, account } of nodesOf(page)) {
      expect(account).toEqual({ id: accountId, name: accountName });
    }
    statements.push(answer.statements);
  }
  expect(statements).toEqual([2, 2]);
});

test('the sessions of 1 and of 100 accounts, and their counts, cost two statements more than the accounts', async () => {
  const statements = [];
  for (const first of [1, 100]) {
    const page = 'aiSessions(first: 5) { totalCount edges { node { accountId } } pageInfo { hasNextPage endCursor } }';
    const answer = await measure(`{ accounts(first: ${first}) { edges { node { id ${page} } } } }`);
    const accounts: Connection<{ id: string; aiSessions: object }> = answer.data.accounts;
    expect(accounts.edges).toHaveLength(first);
    for (const { id, aiSessions } of nodesOf(accounts)) {
      const own = id === accountIds.at(-1) ? [] : [{ accountId: id }, { accountId: id }];
      expect(aiSessions).toMatchObject({ totalCount: own.length, edges: own.map((node) => ({ node })) });
    }
    statements.push(answer.statements);
  }
  expect(statements).toEqual([3, 3]);
});

test.each([
  ['after', 'first: 1'],
  ['before', 'last: 1'],
])('one page %s a cursor for 100 accounts costs what it costs for 10', async (argument, size) => {
  const { data } = await measure('{ aiSessions(first: 50) { pageInfo { endCursor } } }');
  const page = `aiSessions(${size}, ${argument}: $cursor) { edges { node { id } } pageInfo { hasNextPage hasPreviousPage } }`;
  const counts: number[] = [];
  for (const first of [10, 100]) {
    const query = `query ($cursor: String) { accounts(first: ${first}) { edges { node { ${page} } } } }`;
    counts.push((await measure(query, { cursor: data.aiSessions.pageInfo.endCursor })).statements);
  }
  expect(counts[1]).toBeLessThanOrEqual(Number(counts[0]) + 1);
  expect(counts[1]).toBeLessThanOrEqual(5);
});

test('the sessions of one account that 50 sessions have in common are the same each time, at the cost of one', async () => {
  const accountId = await createAccount(server, 'Common');
  await Promise.all(Array.from({ length: 50 }, () => createSession(server, { accountId })));
  const list = 'aiSessions(filter: { accountIds: [$id] }, first: 50)';
  const { data } = await measure(`query ($id: ID!) { ${list} { edges { cursor node { id } } } }`, { id: accountId });
  const [from, ...rest]: { cursor: string; node: { id: string } }[] = data.aiSessions.edges;
  const page = `aiSessions(first: 2, after: $after) { totalCount edges { node { id } } pageInfo { hasPreviousPage } }`;
  const statements = [];
  for (const first of [1, 50]) {
    const query = `query ($id: ID!, $after: String) {
      aiSessions(filter: { accountIds: [$id] }, first: ${first}) { edges { node { account { ${page} } } } }
    }`;
    const answer = await measure(query, { id: accountId, after: from?.cursor });
    const pages = answer.data.aiSessions.edges.map(({ node }: { node: { account: object } }) => node.account);
    const edges = rest.slice(0, 2).map(({ node }) => ({ node }));
    const expected = { aiSessions: { totalCount: 50, edges, pageInfo: { hasPreviousPage: true } } };
    expect(pages).toEqual(Array.from({ length: first }, () => expected));
    statements.push(answer.statements);
  }
  expect(statements[1]).toBe(statements[0]);
});

test('a session without an account has none, beside others that have one', async () => {
  await createSession(server, { purpose: 'Nobody' });
  const { data } = await measure('{ aiSessions(first: 2) { edges { node { purpose accountId account { id } } } } }');
  expect(data.aiSessions.edges[0].node).toEqual({ purpose: 'Nobody', accountId: null, account: null });
  expect(data.aiSessions.edges[1].node).toMatchObject({ account: { id: expect.any(String) } });
});

test('a session without an account costs no statement for it', async () => {
  const { id } = (await createSession(server)).data.newAISession;
  const { data, statements } = await measure('query ($id: ID!) { aiSession(id: $id) { account { name } } }', { id });
  expect({ data, statements }).toEqual({ data: { aiSession: { account: null } }, statements: 1 });
});

test('creations in one document each see the sessions that their account has by then', async () => {
  const accountId = await createAccount(server, 'Grows');
  const creation =
    'newAISession(input: { accountId: $id }) { id account { aiSessions { totalCount edges { node { id } } } } }';
  const { data } = await measure(`mutation ($id: ID!) { a: ${creation} b: ${creation} }`, { id: accountId });
  const seen = [data.a, data.b].map(({ account: { aiSessions } }) => ({
    totalCount: aiSessions.totalCount,
    ids: aiSessions.edges.map(({ node }: { node: { id: string } }) => node.id),
  }));
  expect(seen).toEqual([
    { totalCount: 1, ids: [data.a.id] },
    { totalCount: 2, ids: [data.b.id, data.a.id] },
  ]);
});

test('lists inside of lists count toward the 1,000 items of an operation', async () => {
  const query =
    'query ($n: Int, $of: Int) { accounts(first: $n) { edges { node { aiSessions(first: $of) { totalCount } } } } }';
  expect((await server.graphql(query, { n: 90, of: 10 })).errors).toBeUndefined();
  const { data, errors = [] } = await server.graphql(query, { n: 91, of: 10 });
  expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'first' } }]);
  const pages = data.accounts.edges.map(({ node }: { node: { aiSessions: object } }) => node.aiSessions);
  expect(pages.filter((page: object | null) => page === null)).toHaveLength(1);
});

test('the limit on the cost of an operation sees what is inside of an edge, and sizes that come by variables', async () => {
  const fields = 'id purpose createdBy lastModifiedBy accountId accountName dateCreated dateLastModified';
  const ask = (inside: number) =>
    server.graphql(
      `query ($inside: Int = 1) { accounts(first: 30) { edges { node {
        aiSessions(first: $inside) { edges { node { ${fields} } } }
      } } } }`,
      { inside },
    );
  expect((await ask(30)).errors).toBeUndefined();
  const { data, errors } = await ask(60);
  expect(data).toBeUndefined();
  expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  expect(errors?.[0]?.message).toMatch(/costs more than 30,000.*fewer items/);
});

const circle = (times: number) =>
  `{ aiSessions(first: 1) { edges { node {
    ${'account { aiSessions(first: 1) { edges { node { '.repeat(times)} id ${'} } } }'.repeat(times)}
  } } } }`;

test('circles through the edges end at the limit on depth', async () => {
  expect((await server.graphql(circle(1))).errors).toBeUndefined();
  expect(await server.graphql(circle(2))).toMatchObject({
    data: undefined,
    errors: [{ extensions: { code: 'BAD_USER_INPUT' } }],
  });
});
