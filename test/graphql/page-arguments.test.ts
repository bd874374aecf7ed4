import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeSession, type Session } from '../support/rest-request.ts';
import { createAccount, startTestServer, type TestServer } from '../support/test-server.ts';

let server: TestServer;
let accountId: string;
let sessions: Session[];

beforeAll(async () => {
  server = await startTestServer();
  accountId = await createAccount(server, 'Acme');
  sessions = [];
  for (let count = 0; count < 5; count += 1) sessions.push(await makeSession(server, { accountId }));
});
afterAll(() => server.stop());

const operation = `query ($accountIds: [ID!], $offset: Int, $first: Int, $last: Int, $after: String, $before: String) {
  aiSessions(
    filter: { accountIds: $accountIds }, offset: $offset, first: $first, last: $last, after: $after, before: $before
  ) { totalCount edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage } }
}`;

const ask = (variables: object) => server.graphql(operation, { accountIds: [accountId], ...variables });

test.each([
  [0, 2, [4, 3], { hasNextPage: true, hasPreviousPage: false }],
  [1, 3, [3, 2, 1], { hasNextPage: true, hasPreviousPage: true }],
  [3, 2, [1, 0], { hasNextPage: false, hasPreviousPage: true }],
  [10_000, 2, [], { hasNextPage: false, hasPreviousPage: true }],
])('an offset of %d skips that many sessions', async (offset, first, expected, pageInfo) => {
  const { data, errors } = await ask({ offset, first });
  expect(errors).toBeUndefined();
  const edges = expected.map((index) => ({ node: { id: sessions[index]?.id } }));
  expect(data.aiSessions).toMatchObject({ totalCount: 5, edges, pageInfo });
});

test.each([-1, 10_001])('an offset of %d is refused with a message that names the bound', async (offset) => {
  const { data, errors } = await ask({ offset });
  expect(data).toEqual({ aiSessions: null });
  expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'offset' } }]);
  expect(errors?.[0]?.message).toMatch(/10,?000/);
});

test.each(['after', 'before'])('an offset is refused beside the cursor %s', async (argument) => {
  const { data } = await ask({ first: 1 });
  const refused = await ask({ offset: 0, [argument]: data.aiSessions.edges[0].cursor });
  expect(refused.data).toEqual({ aiSessions: null });
  expect(refused.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'offset' } }]);
});

const badSizes = ['last: 1, first: 1', 'first: 0', 'first: 101', 'first: -1', 'last: 0', 'last: 101', 'last: -1'];

test.each(badSizes)('the arguments %s are refused', async (given) => {
  for (const list of ['aiSessions', 'accounts']) {
    const extensions = { code: 'BAD_USER_INPUT', field: given.split(':')[0] };
    const answer = await server.graphql(`{ ${list}(${given}) { totalCount } }`);
    expect(answer).toMatchObject({ status: 200, data: { [list]: null }, errors: [{ extensions }] });
  }
});
