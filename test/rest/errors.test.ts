import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeSession, readFailure, readSession, send, type Answer } from '../support/rest-request.ts';
import { countRows, startTestServer, unknownId, type TestServer } from '../support/test-server.ts';

let server: TestServer;
let rows: number;
let sessionId: string;

beforeAll(async () => {
  server = await startTestServer();
  sessionId = (await makeSession(server, { purpose: 'Billing' })).id;
});
afterAll(() => server.stop());
beforeEach(async () => {
  rows = await countRows(server);
});

const operations = ['NewAISession', 'GetAISession', 'ListAISessions', 'PatchAISession', 'DeleteAISession'];

/** What a refusal tells, and what it left behind: each test here sends only what is refused. */
async function readRefusal(answer: Answer) {
  const isUnchanged = (await countRows(server)) === rows && (await readPurpose()) === 'Billing';
  return { status: answer.status, mediaType: mediaTypeOf(answer), isUnchanged, ...readFailure(answer) };
}

async function readPurpose() {
  return readSession(await send(server, 'GET', `/ai/sessions/${sessionId}`)).purpose;
}

const mediaTypeOf = ({ headers }: Answer) => headers.get('Content-Type')?.split(';')[0];

function refusal(status: number, errorCode: unknown = expect.stringMatching(/./)) {
  return {
    status,
    mediaType: 'application/json',
    isUnchanged: true,
    errorCode,
    message: expect.stringMatching(/./),
    errors: expect.any(Array),
  };
}

const requests = [
  { method: 'POST', path: () => '/ai/sessions', body: { purpose: 'x' } },
  { method: 'GET', path: () => '/ai/sessions' },
  { method: 'GET', path: () => `/ai/sessions/${sessionId}` },
  { method: 'PATCH', path: () => `/ai/sessions/${sessionId}`, body: { purpose: 'x' } },
  { method: 'DELETE', path: () => `/ai/sessions/${sessionId}` },
  { method: 'POST', path: () => '/api/NewAISession', body: {} },
  { method: 'POST', path: () => '/json/reply/DeleteAISession', body: {} },
  { method: 'POST', path: () => '/api/NewAISession[]', body: [{}, {}] },
].map((request) => ({ ...request, name: request.path().replace('undefined', '{id}') }));

describe.each(requests)('$method $name', ({ method, path, body }) => {
  const fields = () => (path().includes('Delete') ? { sessionId } : body);

  test('is refused signed out', async () => {
    const answer = await send(server, method, path(), { token: null, body: fields() });
    expect(await readRefusal(answer)).toEqual(refusal(401, 'Unauthorized'));
    expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer');
  });

  test('is refused with a bad token', async () => {
    const answer = await send(server, method, path(), { token: 'bad', body: fields() });
    expect(await readRefusal(answer)).toEqual(refusal(401, 'Unauthorized'));
    expect(answer.headers.get('WWW-Authenticate')).toMatch(/^Bearer\b.*error="invalid_token"/);
  });

  test('is refused without the role', async () => {
    const token = await server.tokenFor('bob', ['Agent']);
    const answer = await send(server, method, path(), { token, body: fields() });
    expect(await readRefusal(answer)).toEqual(refusal(403, 'Invalid Role'));
  });
});

test.each([
  ['POST', '/ai/sessions', 'accountId', 'malformed', { accountId: 'x' }],
  ['POST', '/ai/sessions', 'accountId', 'unknown', { accountId: unknownId }],
  ['POST', '/ai/sessions', 'purpose', 'too long', { purpose: 'x'.repeat(2001) }],
  ['POST', '/ai/sessions', 'purpose', 'with NUL', { purpose: 'a\0b' }],
  ['POST', '/ai/sessions', 'purpose', 'with a lone surrogate', { purpose: '\uD800' }],
  ['GET', '/ai/sessions/x', 'sessionId', 'malformed', undefined],
  ['PATCH', '/ai/sessions/x', 'sessionId', 'malformed', { purpose: 'y' }],
  ['DELETE', '/ai/sessions/x', 'sessionId', 'malformed', undefined],
])('%s %s is refused by the name of its %s: %s', async (method, path, fieldName, _fault, body) => {
  const failure = await readRefusal(await send(server, method, path, { body }));
  expect(failure).toEqual(refusal(400, 'BadRequest'));
  expect(failure.errors).toEqual([{ errorCode: 'BadRequest', fieldName, message: failure.message }]);
  expect(failure.message).toContain(`"${fieldName}"`);
});

test.each(['GET', 'PATCH', 'DELETE'])('%s of an id that nothing has finds nothing', async (method) => {
  const body = method === 'PATCH' ? { purpose: 'x' } : undefined;
  const answer = await send(server, method, `/ai/sessions/${unknownId}`, { body });
  const failure = await readRefusal(answer);
  expect(failure).toEqual(refusal(404, 'NotFound'));
  expect(failure.errors).toMatchObject([{ fieldName: 'sessionId' }]);
});

test.each(['GetAISession', 'PatchAISession', 'DeleteAISession'])('%s without an id is refused', async (operation) => {
  const failure = await readRefusal(await send(server, 'POST', `/api/${operation}`, { body: {} }));
  expect(failure).toEqual(refusal(400, 'BadRequest'));
  expect(failure.message).toContain('"sessionId"');
});

test.each(['/api/Nothing', '/json/reply/Nothing', '/api/NewAISessions', '/api/Nothing[]'])(
  'the unknown operation at %s is not found, and the message lists those that exist',
  async (path) => {
    const failure = await readRefusal(await send(server, 'POST', path, { body: {} }));
    expect(failure).toEqual(refusal(404, 'NotFound'));
    expect(operations.filter((name) => failure.message.includes(name))).toEqual(operations);
  },
);

test.each([
  ['PUT', '/ai/sessions', ['GET', 'POST']],
  ['POST', `/ai/sessions/${unknownId}`, ['DELETE', 'GET', 'PATCH']],
  ['GET', '/api/NewAISession', ['POST']],
  ['PUT', '/json/reply/PatchAISession', ['PATCH', 'POST']],
])('%s %s is refused, and the header Allow tells what is taken', async (method, path, allowed) => {
  const body = method === 'GET' ? undefined : {};
  const answer = await send(server, method, path, { body });
  expect(await readRefusal(answer)).toEqual(refusal(405));
  const allow = answer.headers.get('Allow')?.split(', ') ?? [];
  expect(allow.filter((verb) => verb !== 'HEAD' && verb !== 'OPTIONS').toSorted()).toEqual(allowed);
});

test.each([
  ['a media type that is none of those taken', 'application/xml', '<purpose>x</purpose>'],
  ['a multipart form', 'multipart/form-data; boundary=x', '--x--'],
  ['text', 'text/plain', '{"purpose":"x"}'],
])('a body as %s is refused', async (_kind, contentType, body) => {
  const answer = await send(server, 'POST', '/ai/sessions', { body, headers: { 'Content-Type': contentType } });
  const failure = await readRefusal(answer);
  expect(failure).toEqual(refusal(415));
  expect(failure.message).toMatch(/application\/json.*application\/x-www-form-urlencoded.*text\/csv/);
});

test.each([
  ['broken JSON', 'application/json', '{"purpose":'],
  ['no object', 'application/json', '"purpose"'],
  ['null', 'application/json', 'null'],
  ['an array in an array', 'application/json', '[[{"purpose":"x"}]]'],
  ['a purpose that is no text', 'application/json', '{"purpose":{"text":"x"}}'],
  ['broken CSV', 'text/csv', 'purpose\n"x'],
  ['a row with too many cells', 'text/csv', 'purpose\nx,y'],
  ['broken JSON under text/csv', 'text/csv', '{"purpose"'],
])('a body that is %s is refused', async (_kind, contentType, body) => {
  const answer = await send(server, 'POST', '/ai/sessions', { body, headers: { 'Content-Type': contentType } });
  expect(await readRefusal(answer)).toEqual(refusal(400, 'BadRequest'));
});

test('bytes that are no UTF-8 are refused', async () => {
  const headers = { Authorization: `Bearer ${await server.tokenFor('alice')}`, 'Content-Type': 'text/csv' };
  const body = Buffer.concat([Buffer.from('purpose\n'), Buffer.from([0xff, 0xfe])]);
  const response = await fetch(`${server.url}/ai/sessions`, { method: 'POST', headers, body });
  const answer = { status: response.status, headers: response.headers, text: await response.text() };
  expect(await readRefusal(answer)).toEqual(refusal(400, 'BadRequest'));
});

test.each([
  ['JSON', 'application/json', JSON.stringify({ purpose: 'x', rest: 'x'.repeat(100_000) })],
  ['a form', 'application/x-www-form-urlencoded', `purpose=x&rest=${'x'.repeat(100_000)}`],
  ['CSV', 'text/csv', `purpose,rest\r\nx,${'x'.repeat(100_000)}`],
])('a body of more than 100 kB is refused as %s', async (_kind, contentType, body) => {
  const answer = await send(server, 'POST', '/ai/sessions', { body, headers: { 'Content-Type': contentType } });
  expect(await readRefusal(answer)).toEqual(refusal(413));
});

test.each(['/ai/sessions.csv', '/ai/sessions?format=jsonl'])('an error at %s is JSON all the same', async (path) => {
  const answer = await send(server, 'POST', path, { body: { accountId: 'x' }, headers: { Accept: 'text/csv' } });
  expect(await readRefusal(answer)).toEqual(refusal(400, 'BadRequest'));
  expect(answer.headers.get('Content-Disposition')).toBeNull();
});

test('a fault of the server is masked', async () => {
  const broken = await startTestServer();
  await broken.database.run((orm) => orm.execute(sql`drop table ai_sessions`), 'lookups');
  const answer = await send(broken, 'POST', '/ai/sessions', { body: { purpose: 'secret' } });
  await broken.stop();
  expect(answer.status).toBe(500);
  expect(readFailure(answer)).toMatchObject({ errorCode: 'InternalServerError', errors: [] });
  expect(answer.text).not.toMatch(/ai_sessions|secret|insert|\.ts/);
});
