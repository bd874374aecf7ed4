import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ServiceUnavailableError } from '../../src/errors.ts';
import { insertSessions } from '../support/many-sessions.ts';
import { openRawConnection } from '../support/raw-connection.ts';
import { readFailure, readList, send } from '../support/rest-request.ts';
import { countStatements, createAccount, startTestServer, type TestServer } from '../support/test-server.ts';

const count = 1050;
/** What one answer holds of so many sessions is more than the buffers between the server and a client take. */
const longCount = 5000;
let server: TestServer;
let accountId: string;
let longAccountId: string;
/** How many more pieces of work the database does; then it is unavailable. */
let worksLeft = Infinity;

beforeAll(async () => {
  server = await startTestServer({}, (database) => ({
    ...database,
    run: (work, bulkhead) =>
      (worksLeft -= 1) < 0 ? Promise.reject(new ServiceUnavailableError('The database')) : database.run(work, bulkhead),
  }));
  accountId = await createAccount(server, 'Short');
  await insertSessions(server, count, accountId, 'é');
  longAccountId = await createAccount(server, 'Long');
  await insertSessions(server, longCount, longAccountId, 'é'.repeat(1990));
});
afterAll(() => server.stop());

const expected = Array.from({ length: count }, (_, index) => count - index);
const numberOf = (purpose: string | null) => Number.parseInt(purpose ?? '', 10);

test('in JSON, all has each session once, in order, and the totals', async () => {
  const { items, ...totals } = readList(await send(server, 'GET', `/ai/sessions?all=true&accountIds=${accountId}`));
  expect(items.map(({ purpose }) => numberOf(purpose))).toEqual(expected);
  expect(totals).toEqual({ totalCount: count, totalPages: 1, hasMorePages: false });
});

test('in CSV, all has one header row and a row for each session', async () => {
  const { text } = await send(server, 'GET', `/ai/sessions.csv?all=true&accountIds=${accountId}`);
  const [header, ...rows] = text.trimEnd().split('\r\n');
  expect(header).toMatch(/^AccountId,/);
  expect(rows.map((row) => numberOf(row.split(',')[2] ?? ''))).toEqual(expected);
});

test('in JSON Lines, all has a line for each session', async () => {
  const { text } = await send(server, 'GET', `/ai/sessions.jsonl?all=true&accountIds=${accountId}`);
  const lines = text.trimEnd().split('\n');
  expect(lines.map((line) => numberOf(JSON.parse(line).purpose))).toEqual(expected);
});

test.each([
  ['.json', '{"items":[],"totalCount":0,"totalPages":0,"hasMorePages":false}'],
  ['.csv', 'AccountId,AccountName,Purpose,Id,DateCreated,DateLastModified,CreatedBy,LastModifiedBy\r\n'],
  ['.jsonl', ''],
])('an empty list is whole in %s', async (suffix, text) => {
  const id = '0192f0c1-2345-7000-8000-000000000001';
  const answer = await send(server, 'GET', `/ai/sessions${suffix}?all=true&specificIds=${id}`);
  expect(answer).toMatchObject({ status: 200, text });
});

test('HEAD answers the headers alone', async () => {
  const answer = await send(server, 'HEAD', `/ai/sessions.csv?all=true&accountIds=${accountId}`);
  expect(answer).toMatchObject({ status: 200, text: '' });
  expect(answer.headers.get('Content-Type')).toMatch(/^text\/csv/);
});

test.each([
  ['in an item', '', [{}, { ALL: true }]],
  ['in the only item', '', [{ all: 'true' }]],
  ['in the query', '?all=1', [{}]],
])('a list of items with all %s is refused by that name', async (_where, search, body) => {
  const answer = await send(server, 'POST', `/api/ListAISessions[]${search}`, { body });
  expect(answer.status).toBe(400);
  expect(readFailure(answer).errors).toMatchObject([{ fieldName: 'all' }]);
});

test('a list of items may ask for ten full pages', async () => {
  const fields = { accountIds: [accountId], countPerPage: 100, simplifiedPaging: true };
  const body = Array.from({ length: 10 }, (_, page) => ({ ...fields, page }));
  const answer = await send(server, 'POST', '/api/ListAISessions[].jsonl', { body });
  const lines = answer.text.trimEnd().split('\n');
  expect(lines.map((line) => numberOf(JSON.parse(line).purpose))).toEqual(expected.slice(0, 1000));
});

describe('a client that does not read', () => {
  test('has the list read no further, and the rest once it reads on', async () => {
    const { socket, send: write, received, closed } = await openRawConnection(server.url);
    socket.pause();
    const before = countStatements(server);
    const authorization = `Authorization: Bearer ${await server.tokenFor('alice')}`;
    const path = `/ai/sessions?all=true&accountIds=${longAccountId}`;
    write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${authorization}\r\n\r\n`);
    await expect.poll(() => countStatements(server)).toBeGreaterThan(before + 2);
    // Another whole list is answered meanwhile, so this one had the time to be read.
    await send(server, 'GET', path);
    const pages = longCount / 100;
    expect(countStatements(server)).toBeLessThan(before + 2 * pages);
    socket.resume();
    await closed;
    expect(countStatements(server)).toBeGreaterThan(before + 2 * pages);
    expect(received()).toMatch(/"totalCount":5000,"totalPages":1,"hasMorePages":false\}\r\n0\r\n\r\n$/);
  });

  test('and goes away ends the reading, without an error', async () => {
    const { socket, send: write } = await openRawConnection(server.url);
    const authorization = `Authorization: Bearer ${await server.tokenFor('alice')}`;
    write(`GET /ai/sessions?all=true&accountIds=${longAccountId} HTTP/1.1\r\nHost: x\r\n${authorization}\r\n\r\n`);
    await once(socket, 'data');
    socket.destroy();
    await expect.poll(() => server.logLines().some(({ msg }) => msg === 'request cut off')).toBe(true);
    expect(server.logLines().filter(({ level }) => Number(level) >= 50)).toEqual([]);
  });
});

test('a list whose reading fails midway is cut off, and the failure logged', async () => {
  worksLeft = 5;
  const answer = send(server, 'GET', '/ai/sessions?all=true').finally(() => (worksLeft = Infinity));
  await expect(answer).rejects.toThrow('terminated');
  await expect.poll(() => server.logLines().some(({ msg }) => msg === 'service unavailable')).toBe(true);
  expect((await send(server, 'GET', '/ai/sessions')).status).toBe(200);
});

test('a list whose reading fails at once is answered so', async () => {
  worksLeft = 0;
  const answer = await send(server, 'GET', '/ai/sessions?all=true').finally(() => (worksLeft = Infinity));
  expect(answer.status).toBe(503);
});
