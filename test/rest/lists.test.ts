import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changeAfter, makeSession, query, readFailure, readList, send, type Session } from '../support/rest-request.ts';
import { createAccount, startTestServer, type TestServer } from '../support/test-server.ts';

let server: TestServer;
/** Has 30 sessions: the items of the array, in the order of their creation. */
let accountId: string;
let sessions: Session[];

beforeAll(async () => {
  server = await startTestServer();
  accountId = await createAccount(server, 'Acme');
  sessions = [];
  for (let count = 0; count < 30; count += 1) sessions.push(await makeSession(server, { accountId }));
});
afterAll(() => server.stop());

type Fields = Parameters<typeof query>[0];

const askFor = (fields: Fields) => send(server, 'GET', `/ai/sessions${query(fields)}`);
const list = async (fields: Fields) => readList(await askFor(fields));
const newestFirst = () => sessions.toReversed();

test('without parameters, a list has its 25 newest sessions and its totals', async () => {
  const answer = await list({ accountIds: [accountId] });
  expect(answer).toEqual({ items: newestFirst().slice(0, 25), totalCount: 30, totalPages: 2, hasMorePages: true });
});

test('pages are counted from 0', async () => {
  const pages = await Promise.all(
    [0, 1, 2, 3].map((page) => list({ accountIds: [accountId], page, countPerPage: 12 })),
  );
  const totals = { totalCount: 30, totalPages: 3 };
  expect(pages).toEqual([
    { items: newestFirst().slice(0, 12), ...totals, hasMorePages: true },
    { items: newestFirst().slice(12, 24), ...totals, hasMorePages: true },
    { items: newestFirst().slice(24), ...totals, hasMorePages: false },
    { items: [], ...totals, hasMorePages: false },
  ]);
});

test('a list that just fills its page has no more', async () => {
  const answer = await list({ accountIds: [accountId], countPerPage: 30 });
  expect(answer).toMatchObject({ totalPages: 1, hasMorePages: false });
  expect(answer.items).toHaveLength(30);
});

test('a list without items has no pages', async () => {
  const empty = await createAccount(server, 'Empty');
  const answer = await list({ accountIds: [empty] });
  expect(answer).toEqual({ items: [], totalCount: 0, totalPages: 0, hasMorePages: false });
});

test('a list may be of certain sessions', async () => {
  const [first, , third] = sessions.map(({ id }) => id);
  const answer = await list({ specificIds: [`${first}`, `${third}`, '0192f0c1-2345-7000-8000-000000000001'] });
  expect(answer.items.map(({ id }) => id)).toEqual([third, first]);
});

test('a list may be of several accounts', async () => {
  const other = await createAccount(server, 'Other');
  const session = await makeSession(server, { accountId: other });
  const answer = await list({ accountIds: [accountId, other], countPerPage: 2 });
  expect(answer).toMatchObject({ items: [session, sessions.at(-1)], totalCount: 31 });
});

describe('the order of a list', () => {
  let own: string;
  let [first, second, third] = ['', '', ''];

  beforeAll(async () => {
    own = await createAccount(server, 'Ordered');
    const make = () => makeSession(server, { accountId: own });
    const [one, two, three] = [await make(), await make(), await make()];
    [first, second, third] = [one.id, two.id, three.id];
    await changeAfter(server, first, three);
  });

  test.each([
    ['dateCreated', 'Ascend', () => [first, second, third]],
    ['dateCreated', 'Descend', () => [third, second, first]],
    ['dateLastModified', 'Ascend', () => [second, third, first]],
    ['dateLastModified', 'Descend', () => [first, third, second]],
    ['DateLastModified', 'ascend', () => [second, third, first]],
  ])('is by %s, %s', async (sortField, sortOrder, expected) => {
    const { items } = await list({ accountIds: [own], sortField, sortOrder });
    expect(items.map(({ id }) => id)).toEqual(expected());
  });

  test('is descending where only its field is given', async () => {
    const { items } = await list({ accountIds: [own], sortField: 'dateLastModified' });
    expect(items.map(({ id }) => id)).toEqual([first, third, second]);
  });
});

test('a parameter that is null is as if left out', async () => {
  const { id } = sessions[0] ?? {};
  const others = ['page', 'countPerPage', 'all', 'accountIds', 'sortField', 'sortOrder', 'simplifiedPaging'];
  const body = { ...Object.fromEntries(others.map((name) => [name, null])), specificIds: [id] };
  const answer = await send(server, 'POST', '/api/ListAISessions', { body });
  expect(answer.status).toBe(200);
  expect(readList(answer)).toEqual({ items: [sessions[0]], totalCount: 1, totalPages: 1, hasMorePages: false });
});

test('simplified paging answers no totals, and none are counted', async () => {
  const before = server.logLines().length;
  const answer = await list({ accountIds: [accountId], simplifiedPaging: true, countPerPage: 2, page: 1 });
  expect(answer).toEqual({ items: newestFirst().slice(2, 4), hasMorePages: true });
  const statements = server
    .logLines()
    .slice(before)
    .filter(({ msg }) => msg === 'statement');
  expect(statements).toHaveLength(1);
  expect(statements[0]?.['statement']).not.toMatch(/count\(/);
});

test('all answers the whole list, however many fit on a page', async () => {
  const answer = await list({ accountIds: [accountId], all: true, countPerPage: 2 });
  expect(answer).toEqual({ items: newestFirst(), totalCount: 30, totalPages: 1, hasMorePages: false });
});

test.each([
  ['page', 'two'],
  ['page', '1.5'],
  ['countPerPage', 'constructor'],
  ['sortField', 'purpose'],
  ['sortOrder', 'Up'],
  ['specificIds', 'x'],
  ['accountIds', 'x'],
])('%s=%s is refused by its name', async (name, value) => {
  const answer = await askFor({ [name]: value });
  expect(answer.status).toBe(400);
  const { errorCode, message } = readFailure(answer);
  expect(errorCode).toBe('BadRequest');
  expect(message).toContain(`"${name}"`);
  expect(message).not.toMatch(/\$|native code/);
});
