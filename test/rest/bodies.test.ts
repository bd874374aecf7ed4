import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeSession, readFailure, readSession, readSessions, send } from '../support/rest-request.ts';
import { countRows, createAccount, startTestServer, type TestServer } from '../support/test-server.ts';

let server: TestServer;
let rows: number;

beforeAll(async () => {
  server = await startTestServer();
  await createAccount(server, 'Acme');
});
afterAll(() => server.stop());
beforeEach(async () => {
  rows = await countRows(server);
});

const form = 'application/x-www-form-urlencoded';

/** Sends bytes, without a content type if it is null. */
async function post(path: string, contentType: string | null, body: string | Uint8Array<ArrayBuffer>) {
  const Authorization = `Bearer ${await server.tokenFor('alice')}`;
  const headers = { Authorization, ...(contentType !== null && { 'Content-Type': contentType }) };
  // Bytes have no content type, unlike a string.
  const response = await fetch(server.url + path, { method: 'POST', headers, body: Buffer.from(body) });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** What a refusal says, and whether it left anything behind. */
async function readRefusal(answer: Awaited<ReturnType<typeof post>>) {
  const isUnchanged = (await countRows(server)) === rows;
  return { status: answer.status, message: readFailure(answer).message, isUnchanged };
}

const refusal = (words: RegExp, status = 400) => ({ status, message: expect.stringMatching(words), isUnchanged: true });

describe('what is plainly JSON', () => {
  test.each([
    ['a form', form],
    ['CSV', 'text/csv'],
    ['nothing', null],
  ])('is read as JSON though it is called %s', async (_name, contentType) => {
    const answer = await post('/ai/sessions', contentType, ' {"purpose":"a=b&c"}');
    expect(readSession(answer)).toMatchObject({ purpose: 'a=b&c' });
    const answers = await post('/api/NewAISession[]', contentType, '[{"purpose":"x"}, {"purpose":"y"}]');
    expect(readSessions(answers).map(({ purpose }) => purpose)).toEqual(['x', 'y']);
  });

  test.each([form, 'text/csv', null])('is refused where it is broken, called %s', async (contentType) => {
    expect(await readRefusal(await post('/ai/sessions', contentType, '{"purpose":"x"'))).toEqual(refusal(/JSON/));
  });
});

test.each([
  ['application/json', '\uFEFF{"purpose":"x"}'],
  [form, '\uFEFF{"purpose":"x"}'],
  [form, '\uFEFFpurpose=x'],
  ['text/csv', '\uFEFFpurpose\r\nx\r\n'],
  ['text/csv', '\uFEFF"purpose";"accountId"\r\nx;\r\n'],
])('a body of %s is read behind a byte-order mark', async (contentType, body) => {
  expect(readSession(await post('/ai/sessions', contentType, body))).toMatchObject({ purpose: 'x' });
});

test('what is called nothing and is no JSON is refused', async () => {
  expect(await readRefusal(await post('/ai/sessions', null, 'purpose=x'))).toEqual(refusal(/application\/json/, 415));
});

describe('a body of unknown fields alone', () => {
  test.each([
    ['application/json', '{"input":{"purpose":"x"}}'],
    ['application/json', '{"goal":null}'],
    [form, 'goal=x'],
    [form, 'goal='],
    [form, 'purpose\r\nx\r\n'],
    [form, '%7B%22purpose%22%3A%22x%22%7D'],
    ['text/csv', 'goal\r\nx\r\n'],
    ['text/csv', 'purpose|accountId\r\nx|\r\n'],
    ['text/csv', 'sep=;\r\npurpose;accountId\r\n'],
  ])('is refused with the names of the known ones: %s %j', async (contentType, body) => {
    expect(await readRefusal(await post('/ai/sessions', contentType, body))).toEqual(
      refusal(/"accountId", "purpose", "idempotencyKey"/),
    );
  });

  test('is refused by its number among others', async () => {
    expect(await readRefusal(await post('/api/NewAISession[]', 'application/json', '[{"goal":"x"}]'))).toEqual(
      refusal(/item 1\b.*"purpose"/i),
    );
  });

  test('changes nothing', async () => {
    const { id } = await makeSession(server, { purpose: 'Billing' });
    const answer = await send(server, 'PATCH', `/ai/sessions/${id}`, { body: { goal: 'Sales' } });
    expect(answer.status).toBe(400);
    expect(readFailure(answer).message).toContain('"purpose"');
  });

  test('lists nothing', async () => {
    expect(await readRefusal(await post('/api/ListAISessions', 'application/json', '{"accountId":"x"}'))).toEqual(
      refusal(/"accountIds".*"all"/),
    );
  });
});

test.each([
  ['application/json', '{"goal":"x","purpose":"y"}'],
  [form, 'goal=x&purpose=y'],
  ['text/csv', 'goal,purpose\nx,y\n'],
])('an unknown field beside a known one is ignored in %s', async (contentType, body) => {
  expect(readSession(await post('/ai/sessions', contentType, body))).toMatchObject({ purpose: 'y' });
});

test('an unknown name in a query string is ignored', async () => {
  const answer = await send(server, 'POST', '/ai/sessions?utm_source=x', { body: { purpose: 'y' } });
  expect(readSession(answer)).toMatchObject({ purpose: 'y' });
  expect((await send(server, 'GET', '/ai/sessions?_=1')).status).toBe(200);
});

test.each([
  ['application/json', '{"purpose":"x","Purpose":"y"}'],
  ['application/json', '{"purpose":["x"]}'],
  [form, 'purpose=x&purpose=y'],
  [form, 'purpose=x&PURPOSE=y'],
  [form, 'purpose[0]=x&purpose[1]=y'],
  ['text/csv', 'purpose,purpose\nx,y\n'],
  ['text/csv', 'purpose,Purpose\nx,y\n'],
])('two purposes are refused in %s: %j', async (contentType, body) => {
  expect(await readRefusal(await post('/ai/sessions', contentType, body))).toEqual(refusal(/"purpose"/));
});

describe('bytes that are not UTF-8', () => {
  test.each(['purpose=%FF', 'purpose=Gr%FC%DFe', 'purpose=%C3', '%FF=x&purpose=y', 'purpose=%ED%A0%80'])(
    'are refused in a form and a query string: %s',
    async (fields) => {
      expect(await readRefusal(await post('/ai/sessions', form, fields))).toEqual(refusal(/UTF-8/));
      expect(await readRefusal(await post(`/ai/sessions?${fields}`, 'application/json', '{}'))).toEqual(
        refusal(/UTF-8/),
      );
      expect((await send(server, 'GET', `/ai/sessions?${fields}`)).status).toBe(400);
    },
  );

  test.each([form, 'text/csv', 'application/json'])('are refused in %s, as UTF-16', async (contentType) => {
    const body = Buffer.from('\uFEFFpurpose\nx\n', 'utf16le');
    expect(await readRefusal(await post('/ai/sessions', contentType, body))).toEqual(refusal(/UTF-8/));
  });

  test.each([
    ['100%', '100%'],
    ['%', '%'],
    ['%zz', '%zz'],
    ['Gr%C3%BC%c3%9fe+%F0%9F%91%8B', 'Grüße 👋'],
    ['%EF%BF%BD', '\uFFFD'],
  ])('are not what is in %j', async (written, purpose) => {
    expect(readSession(await post('/ai/sessions', form, `purpose=${written}`))).toMatchObject({ purpose });
  });
});

test.each([form, 'text/csv', 'application/json', null])(
  'an empty list called %s makes nothing',
  async (contentType) => {
    for (const body of ['', ' \r\n', ...(contentType === 'text/csv' ? ['purpose\r\n'] : [])]) {
      expect(await post('/api/NewAISession[]', contentType, body)).toMatchObject({ status: 200, text: '[]' });
    }
    expect(await countRows(server)).toBe(rows);
  },
);

test.each([
  ['application/json', '[{},{}]'],
  ['application/json', '[]'],
  ['text/csv', 'purpose\nx\ny\n'],
])('several items where one is taken are told where to go: %s %j', async (contentType, body) => {
  expect(await readRefusal(await post('/ai/sessions', contentType, body))).toEqual(refusal(/\/api\/NewAISession\[\]/));
});

test.each(['purpose', 'idempotencyKey'])('a %s that begins with a byte-order mark is refused', async (field) => {
  expect(await readRefusal(await post('/ai/sessions', 'application/json', `{"${field}":"\uFEFFx"}`))).toEqual(
    refusal(new RegExp(`"${field}"`)),
  );
  expect(await readRefusal(await post('/ai/sessions', form, `${field}=%EF%BB%BFx`))).toEqual(
    refusal(new RegExp(`"${field}"`)),
  );
});

test('a purpose is stored as it came', async () => {
  const purposes = ['"Acme, Inc"', ' [a,b] ', 'a\uFEFFb', 'x;\ty', "'=1"];
  for (const purpose of purposes) {
    expect(await makeSession(server, { purpose })).toMatchObject({ purpose });
    const encoded = new URLSearchParams({ purpose }).toString();
    expect(readSession(await post('/ai/sessions', form, encoded))).toMatchObject({ purpose });
    const csv = `purpose\n"${purpose.replaceAll('"', '""')}"\n`;
    expect(readSession(await post('/ai/sessions', 'text/csv', csv))).toMatchObject({ purpose });
  }
});
