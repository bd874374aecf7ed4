import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readFailure, readSessions, send } from '../support/rest-request.ts';
import { countRows, createAccount, startTestServer, type TestServer } from '../support/test-server.ts';

let server: TestServer;
let accountId: string;

beforeAll(async () => {
  server = await startTestServer();
  accountId = await createAccount(server, 'Acme');
});
afterAll(() => server.stop());

const post = (body: string) =>
  send(server, 'POST', '/api/NewAISession[]', { body, headers: { 'Content-Type': 'text/csv' } });
const create = async (body: string) =>
  readSessions(await post(body)).map((session) => [session.accountId, session.purpose]);

describe('sessions are created from CSV', () => {
  test.each([
    ['with semicolons', 'accountId;purpose\r\nID;a,b\r\n;x\r\n', 'a,b'],
    ['with tabs', 'accountId\tpurpose\r\nID\ta,b;c\r\n\tx\r\n', 'a,b;c'],
    ['with semicolons in cells', 'accountId,purpose\r\nID,a;b\r\n,x\r\n', 'a;b'],
    ['with blanks in the header', ' accountId , Purpose \r\nID, a \r\n,x\r\n', ' a '],
    ['with blanks around ids', 'accountId, purpose\r\n ID ,a\r\n,x\r\n', 'a'],
    ['with quoted names', '"accountId";"purpose"\r\n"ID";"a""b"\r\n;"x"\r\n', 'a"b'],
    ['with commas in the names of other columns', '"a,b";accountId;purpose\n1;ID;y\n2;;x\n', 'y'],
    ['with blank lines', '\r\naccountId,purpose\r\n\r\nID,a\r\n\n   \r\n,x\r\n\r\n\r\n', 'a'],
    ['with rows without values', 'accountId,purpose\r\nID,a\r\n,\r\n,,,\r\n,x\r\n,\r\n', 'a'],
    ['with mixed line ends', 'accountId,purpose\r\nID,a\n,x\r', 'a'],
    ['with other line ends in cells', 'accountId,purpose\nID,"a\r\nb\nc"\n,x\n', 'a\r\nb\nc'],
    ['with a comma at each end', 'accountId,purpose,\r\nID,a,\r\n,x,\r\n', 'a'],
  ])('%s', async (_kind, csv, purpose) => {
    expect(await create(csv.replace('ID', accountId))).toEqual([
      [accountId, purpose],
      [null, 'x'],
    ]);
  });

  test('of one column, whose cells have semicolons', async () => {
    expect(await create('purpose\na;b\nc\td\n')).toEqual([
      [null, 'a;b'],
      [null, 'c\td'],
    ]);
  });
});

test.each([
  [2, 'a quote inside of a cell', 'purpose\na"b\nc\n'],
  [3, 'a cell too much', 'purpose\na\nb,c\nd\n'],
  [5, 'a cell too few behind blank lines', 'accountId,purpose\r\n,a\r\n\r\n\r\nb\r\n'],
  [3, 'an open quote', 'purpose\na\n"b\nc\nd\n'],
  [4, 'an open quote behind a blank line', 'purpose\na\n\n"b\nc\nd\n'],
  [4, 'a cell too much behind a cell of two lines', 'purpose\r\n"a\r\nb"\r\nc,d\r\n'],
  [3, 'a wrong id', 'accountId,purpose\n,a\nx,b\n'],
  [6, 'a wrong id behind others', 'accountId,purpose\n\n,a\n,"b\nc"\nx,d\n'],
])('a fault names its line, %i: %s', async (line, _fault, csv) => {
  const answer = await post(csv);
  expect(answer.status).toBe(400);
  expect(readFailure(answer).message).toMatch(new RegExp(`\\bline ${line}\\b`));
});

test.each(['a,b\n1,2\n3,4\n', 'Billing\n', 'Billing'])(
  '%j, whose header names nothing that is known, is refused',
  async (csv) => {
    const before = await countRows(server);
    const answer = await post(csv);
    expect(answer.status).toBe(400);
    expect(readFailure(answer).message).toContain('"accountId", "purpose"');
    expect(await countRows(server)).toBe(before);
  },
);
