import { afterAll, beforeAll, expect, test } from 'vitest';
import { insertSessions } from '../support/many-sessions.ts';
import { query, readFailure, readList, send } from '../support/rest-request.ts';
import { createAccount, startTestServer, type TestServer } from '../support/test-server.ts';

const longestList = 10_000;

let server: TestServer;
let longAccountId: string;
let tooLongAccountId: string;

beforeAll(async () => {
  server = await startTestServer();
  longAccountId = await createAccount(server, 'Long');
  tooLongAccountId = await createAccount(server, 'Too long');
  await insertSessions(server, longestList, longAccountId);
  await insertSessions(server, longestList + 1, tooLongAccountId);
});
afterAll(() => server.stop());

type Fields = Parameters<typeof query>[0];

const askFor = (fields: Fields) => send(server, 'GET', `/ai/sessions${query(fields)}`);
const list = async (fields: Fields) => readList(await askFor(fields));

test('all answers a list of 10,000 with each session once', async () => {
  const { items, hasMorePages } = await list({ accountIds: [longAccountId], all: true });
  expect({ count: items.length, hasMorePages }).toEqual({ count: longestList, hasMorePages: false });
  expect(new Set(items.map(({ id }) => id)).size).toBe(longestList);
});

test.each([false, true])(
  'all refuses a longer list with a message that names the bound, simplified paging: %s',
  async (simplifiedPaging) => {
    const answer = await askFor({ accountIds: [tooLongAccountId], all: true, simplifiedPaging });
    expect(answer.status).toBe(400);
    const { message, errors } = readFailure(answer);
    expect(message).toMatch(/10,?000/);
    expect(errors).toMatchObject([{ fieldName: 'all' }]);
  },
);

test('the last page within the bound is answered', async () => {
  const answer = await list({ accountIds: [tooLongAccountId], page: 100, countPerPage: 100 });
  expect(answer).toMatchObject({ totalCount: longestList + 1, totalPages: 101, hasMorePages: false });
  expect(answer.items).toHaveLength(1);
});

test.each([
  ['page', { page: 101, countPerPage: 100 }, /10,?000/],
  ['page', { page: 401 }, /10,?000/],
  ['page', { page: 2_000_000_000 }, /10,?000/],
  ['page', { page: '99999999999999999999' }, /10,?000/],
  ['page', { page: -1 }, /\b0\b/],
  ['countPerPage', { countPerPage: 0 }, /\b1 to 100\b/],
  ['countPerPage', { countPerPage: 101 }, /\b1 to 100\b/],
  ['countPerPage', { countPerPage: 3_000_000_000 }, /\b1 to 100\b/],
])('a %s beyond its bounds is refused with a message that names them: %o', async (fieldName, fields, words) => {
  const answer = await askFor(fields);
  expect(answer.status).toBe(400);
  const { message, errors } = readFailure(answer);
  expect(message).toMatch(words);
  expect(errors).toMatchObject([{ fieldName }]);
});
