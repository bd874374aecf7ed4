import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeSession, query, readFailure, readList, readSession, readSessions, send } from '../support/rest-request.ts';
import type { Session } from '../support/rest-request.ts';
import { countRows, createAccount, startTestServer, unknownId, type TestServer } from '../support/test-server.ts';

let server: TestServer;
let accountId: string;
let session: Session;

beforeAll(async () => {
  server = await startTestServer();
  accountId = await createAccount(server, 'Acme, "Inc."');
  session = await makeSession(server, { accountId });
});
afterAll(() => server.stop());

const csvHeader = 'AccountId,AccountName,Purpose,Id,DateCreated,DateLastModified,CreatedBy,LastModifiedBy';

describe('the format of an answer', () => {
  const json = 'application/json';
  const csv = 'text/csv';
  const jsonLines = 'text/jsonl';

  test.each([
    ['a suffix', '.csv', '', undefined, csv],
    ['a suffix', '.jsonl', '', undefined, jsonLines],
    ['a suffix', '.json', '', csv, json],
    ['?format=', '', '?format=csv', undefined, csv],
    ['?format=', '', '?format=jsonl', undefined, jsonLines],
    ['?format=', '', '?format=json', csv, json],
    ['Accept', '', '', csv, csv],
    ['Accept', '', '', jsonLines, jsonLines],
    ['the weights in Accept', '', '', 'application/json;q=0.5, text/csv;q=0.8', csv],
    ['the suffix before ?format=', '.jsonl', '?format=csv', json, jsonLines],
    ['?format= before Accept', '', '?format=csv', jsonLines, csv],
  ])('is chosen by %s: "%s", "%s", Accept %s', async (_kind, suffix, search, accept, mediaType) => {
    const headers: Record<string, string> = accept === undefined ? {} : { Accept: accept };
    const answer = await send(server, 'GET', `/ai/sessions/${session.id}${suffix}${search}`, { headers });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('Content-Type')).toMatch(new RegExp(`^${mediaType}(;|$)`));
  });

  test.each(['*/*', 'text/html', 'application/xml, image/png'])('is JSON where Accept is %s', async (accept) => {
    const answer = await send(server, 'GET', `/ai/sessions/${session.id}`, { headers: { Accept: accept } });
    expect(answer.headers.get('Content-Type')).toMatch(/^application\/json\b/);
    expect(readSession(answer)).toEqual(session);
  });

  test.each(['/ai/sessions.xml', '/api/NewAISession.xml', '/ai/sessions?format=xml'])(
    'is refused where %s names none that is offered, and nothing is written',
    async (path) => {
      const before = await countRows(server);
      const answer = await send(server, 'POST', path, { body: {} });
      expect(answer.status).toBe(400);
      expect(readFailure(answer).message).toMatch(/json.*csv.*jsonl/);
      expect(await countRows(server)).toBe(before);
    },
  );
});

test('a session in CSV is a header row and one row, with an empty cell for what is absent', async () => {
  const { status, headers, text } = await send(server, 'GET', `/ai/sessions/${session.id}.csv`);
  const { id, dateCreated, dateLastModified } = session;
  const row = `${accountId},"Acme, ""Inc.""",,${id},${dateCreated},${dateLastModified},alice,alice`;
  expect({ status, text }).toEqual({ status: 200, text: `${csvHeader}\r\n${row}\r\n` });
  expect(headers.get('Content-Disposition')).toMatch(/^attachment;\s*filename="?GetAISession\.csv"?$/);
});

test('a list in CSV is a row for each item', async () => {
  const other = await makeSession(server);
  const search = query({ specificIds: [session.id, other.id], sortOrder: 'Ascend' });
  const { headers, text } = await send(server, 'GET', `/ai/sessions.csv${search}`);
  const rows = text.split('\r\n');
  expect(rows).toEqual([csvHeader, expect.stringContaining(session.id), expect.stringContaining(other.id), '']);
  expect(headers.get('Content-Disposition')).toMatch(/^attachment;\s*filename="?ListAISessions\.csv"?$/);
});

test('an empty list in CSV is its header row', async () => {
  const search = query({ specificIds: [unknownId] });
  const { text } = await send(server, 'GET', `/ai/sessions.csv${search}`);
  expect(text).toBe(`${csvHeader}\r\n`);
});

test('a list in JSON Lines is a line for each item', async () => {
  const other = await makeSession(server, { purpose: 'two\nlines' });
  const search = query({ specificIds: [session.id, other.id], sortOrder: 'Ascend' });
  const { text } = await send(server, 'GET', `/ai/sessions.jsonl${search}`);
  expect(text).toBe(`${JSON.stringify(session)}\n${JSON.stringify(other)}\n`);
});

test('the answers to an array are rows in CSV', async () => {
  const { text } = await send(server, 'POST', '/api/NewAISession[].csv', { body: [{ purpose: 'one' }, {}] });
  expect(text.split('\r\n')).toEqual([csvHeader, expect.stringMatching(/^,,one,/), expect.stringMatching(/^,,,/), '']);
});

test('CSV by Accept, by suffix and by ?format= is the same, byte for byte', async () => {
  const { id } = await makeSession(server, { accountId, purpose: 'Grüße, "👩‍👩‍👧"\r\n\n' });
  const search = query({ specificIds: [id] });
  const byAccept = await send(server, 'GET', `/ai/sessions${search}`, { headers: { Accept: 'text/csv' } });
  const bySuffix = await send(server, 'GET', `/ai/sessions.csv${search}`);
  const byFormat = await send(server, 'GET', `/ai/sessions${search}&format=csv`);
  expect(byAccept.text).toContain('"Grüße, ""👩‍👩‍👧""\r\n\n"');
  expect([bySuffix.text, byFormat.text]).toEqual([byAccept.text, byAccept.text]);
});

test.each([
  ['begins with =', '=1+1', "'=1+1"],
  ['begins with +', '+1', "'+1"],
  ['begins with -', '-1', "'-1"],
  ['begins with @', '@SUM(A1)', "'@SUM(A1)"],
  ['begins with a full-width ＝', '＝1+1', "'＝1+1"],
  ['begins with a full-width ＋', '＋1', "'＋1"],
  ['begins with a full-width －', '－1', "'－1"],
  ['begins with a full-width ＠', '＠SUM(A1)', "'＠SUM(A1)"],
  ['begins with TAB', '\tx', "'\tx"],
  ['begins with CR', '\rx', "'\rx"],
  ['begins with LF', '\nx', "'\nx"],
  ['has = behind TAB', 'x\t=1', "x\t'=1"],
  ['has = behind a line break', 'x\r\n=1', "x\r\n'=1"],
  ['has = behind ;', 'x;=1;＋1', "x;'=1;'＋1"],
  ['has = behind ; and quotes', 'x;""=1"', 'x;\'""=1"'],
  ['has = behind blanks', ' =1; \u00A0=1', "' =1;' \u00A0=1"],
  ['begins with a zero-width space before =', '\u200B=1', "'\u200B=1"],
  ['begins with NEL before =', '\u0085=1', "'\u0085=1"],
  ['begins with an Arabic letter mark before =', '\u061C=1', "'\u061C=1"],
  ['has invisible characters and = behind ;', 'x;\u2060\u00AD\u0001=1', "x;'\u2060\u00AD\u0001=1"],
  ['has such signs inside alone', 'a=1+1 - x@y; (＝1); "\tz\n', 'a=1+1 - x@y; (＝1); "\tz\n'],
])('a cell that %s is no formula in CSV, and stays as it is in JSON', async (_kind, purpose, expected) => {
  const made = await makeSession(server, { purpose });
  expect(made.purpose).toBe(purpose);
  const { text } = await send(server, 'GET', `/ai/sessions/${made.id}.csv`);
  const cell = text.slice(`${csvHeader}\r\n,,`.length).split(`,${made.id}`)[0];
  expect(cell?.replace(/^"(.*)"$/s, '$1').replaceAll('""', '"')).toBe(expected);
});

const csvTypes = { 'Content-Type': 'text/csv' };

test.each([
  ['a URL-encoded form', 'application/x-www-form-urlencoded', () => `ACCOUNTID=${accountId}&purpose=a+%26%20b`],
  ['CSV', 'text/csv', () => `accountId,purpose\r\n${accountId},a & b\r\n`],
  ['CSV with names in other cases, quotes and LF', 'text/csv', () => `"PURPOSE",AccountId\n"a & b",${accountId}\n`],
  ['CSV after a byte-order mark', 'text/csv; charset=utf-8', () => `\uFEFFpurpose,accountId\r\na & b,${accountId}`],
  ['JSON under text/csv', 'text/csv', () => `{"accountId":"${accountId}","purpose":"a & b"}`],
  ['JSON', 'Application/JSON; charset=utf-8', () => `{"accountId":"${accountId}","purpose":"a & b"}`],
])('a request may be %s', async (_kind, contentType, body) => {
  const headers = { 'Content-Type': contentType };
  const answer = await send(server, 'POST', '/ai/sessions', { body: body(), headers });
  expect(answer.status).toBe(200);
  expect(readSession(answer)).toMatchObject({ accountId, accountName: 'Acme, "Inc."', purpose: 'a & b' });
});

test('an empty cell of a request in CSV is no value', async () => {
  const answer = await send(server, 'POST', '/ai/sessions', { body: 'accountId,purpose\r\n,x\r\n', headers: csvTypes });
  expect(readSession(answer)).toMatchObject({ accountId: null, purpose: 'x' });
});

test('the rows of a request in CSV are the items of an array', async () => {
  const answer = await send(server, 'POST', '/api/NewAISession[]', { body: 'purpose\none\ntwo\n', headers: csvTypes });
  expect(readSessions(answer).map(({ purpose }) => purpose)).toEqual(['one', 'two']);
});

test('several rows are refused where one item is taken, and nothing is written', async () => {
  const before = await countRows(server);
  const answer = await send(server, 'POST', '/ai/sessions', { body: 'purpose\none\ntwo\n', headers: csvTypes });
  expect(answer.status).toBe(400);
  expect(await countRows(server)).toBe(before);
});

test('numbers and flags of a list may be texts in a form', async () => {
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const body = `countPerPage=1&page=0&SimplifiedPaging=True&specificIds=${session.id}`;
  const answer = await send(server, 'POST', '/api/ListAISessions', { body, headers });
  expect(readList(answer)).toEqual({ items: [session], hasMorePages: false });
});

test.each([
  ['GET', 200, () => `/ai/sessions/${session.id}.csv`],
  ['GET', 200, () => '/ai/sessions'],
  ['GET', 400, () => '/ai/sessions.xml'],
  ['GET', 404, () => '/api/Nothing'],
  ['PUT', 405, () => '/ai/sessions'],
  ['DELETE', 404, () => `/ai/sessions/${unknownId}`],
])('an answer to %s with %d is not cached, guessed at or taken for all formats', async (method, status, path) => {
  const answer = await send(server, method, path());
  expect(answer.status).toBe(status);
  expect(answer.headers.get('Cache-Control')).toBe('no-store');
  expect(answer.headers.get('X-Content-Type-Options')).toBe('nosniff');
  expect(answer.headers.get('Vary')).toMatch(/(^|, )Accept(,|$)/);
});
