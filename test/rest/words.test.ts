import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeSession, readFailure, readList, readSession, readSessions, send } from '../support/rest-request.ts';
import { countRows, startTestServer, type TestServer } from '../support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const schemaWords = /\b(Int|ID|String|ASC|DESC|DATE_CREATED|offset|direction|first|Variable)\b|\$|\[ID/;

test.each([
  ['sortOrder', 'asc', /Ascend or Descend/],
  ['sortOrder', 'ASC', /Ascend or Descend/],
  ['sortField', 'purpose', /dateCreated or dateLastModified/],
  ['page', 'two', /whole number/],
  ['page', '1.5', /whole number/],
  ['countPerPage', '1&countPerPage=2', /one value/],
  ['page', '401', /0 to 400\b.*all=true/],
  ['page', '-1', /0 to 400\b/],
  ['page', '102&countPerPage=99', /0 to 101\b/],
  ['countPerPage', '101', /1 to 100\b/],
  ['all', 'whole', /true or false/],
  ['simplifiedPaging', '2', /true or false/],
  ['countPerPage', '101&page=5000', /1 to 100\b/],
  ['all', 'false&all=true', /one value/],
  ['simplifiedPaging', 'true&simplifiedPaging=false', /one value/],
  ['format', 'csv&format=json', /one value/],
])('a %s of %s is refused in the words of the route', async (name, value, words) => {
  const answer = await send(server, 'GET', `/ai/sessions?${name}=${value}`);
  expect(answer.status).toBe(400);
  const { message, errors } = readFailure(answer);
  expect(message).toMatch(words);
  expect(message).not.toMatch(schemaWords);
  expect(errors).toMatchObject([{ fieldName: name }]);
});

test.each([
  ['/api/NewAISession', { purpose: 5 }, '"purpose" must be a string.'],
  ['/api/NewAISession', { accountId: {} }, '"accountId" must be a UUID.'],
  ['/api/NewAccount', {}, '"name" must be a string.'],
  ['/api/GetAISession', {}, '"sessionId" must be a UUID.'],
  ['/api/GetAISession', { sessionId: '' }, '"sessionId" must be a UUID.'],
  ['/api/ListAISessions', { accountIds: [{}] }, '"accountIds" must be a list of UUIDs.'],
  ['/api/ListAISessions', { specificIds: [null] }, '"specificIds" must be a list of UUIDs.'],
])('POST %s of %j is refused in the words of the route', async (path, body, message) => {
  const answer = await send(server, 'POST', path, { body });
  expect(answer.status).toBe(400);
  expect(readFailure(answer).message).toBe(message);
});

test.each(['true', 'True', '1', 'on', 'yes', 'true&all=true'])('all=%s asks for the whole list', async (all) => {
  const answer = await send(server, 'GET', `/ai/sessions?countPerPage=0&all=${all}`);
  expect(readList(answer).totalPages).toBeLessThan(2);
});

test.each(['false', 'False', '0', 'off', 'no', ''])('all=%s asks for a page', async (all) => {
  expect((await send(server, 'GET', `/ai/sessions?countPerPage=0&all=${all}`)).status).toBe(400);
});

test('the last page within the range is answered', async () => {
  expect((await send(server, 'GET', '/ai/sessions?page=400')).status).toBe(200);
  expect((await send(server, 'GET', '/ai/sessions?page=101&countPerPage=99')).status).toBe(200);
});

test.each(['/ai/sessions?format=', '/ai/sessions?format=&FORMAT='])('an empty format is none: %s', async (path) => {
  const answer = await send(server, 'GET', path, { headers: { Accept: 'text/csv' } });
  expect(answer.headers.get('Content-Type')).toMatch(/^text\/csv\b/);
});

test('an empty value is none, but for a purpose that is taken away', async () => {
  const session = await makeSession(server, { accountId: '', purpose: 'x' });
  expect(session).toMatchObject({ accountId: null, purpose: 'x' });
  const body = { accountIds: '', page: '', countPerPage: '', sortField: '', sortOrder: '', all: '' };
  const answer = await send(server, 'POST', '/api/ListAISessions', { body });
  expect(readList(answer).items[0]).toEqual(session);
  const patched = await send(server, 'PATCH', `/ai/sessions/${session.id}`, { body: { purpose: '' } });
  expect(readSession(patched).purpose).toBeNull();
});

test.each(['/ai/Sessions', '/ai/SESSIONS/', '/api/newAIsession', '/json/Reply/NewAISession/'])(
  '%s is a route in any case',
  async (path) => {
    expect((await send(server, 'POST', path, { body: {} })).status).toBe(200);
  },
);

test('a key in the query string of several sessions is refused: each needs its own', async () => {
  const before = await countRows(server);
  const answer = await send(server, 'POST', '/api/NewAISession[]?idempotencyKey=k', { body: [{}, {}] });
  expect(answer.status).toBe(400);
  expect(readFailure(answer).errors).toMatchObject([{ fieldName: 'idempotencyKey' }]);
  expect(await countRows(server)).toBe(before);
});

test.each(['/ai/sessions', '/api/NewAISession[]'])(
  'at %s, another key beside that in the header is refused',
  async (path) => {
    const create = (own: unknown, search = '') =>
      send(server, 'POST', path + search, {
        body: { idempotencyKey: own },
        headers: { 'Idempotency-Key': `two ${path}` },
      });
    const before = await countRows(server);
    for (const answer of [await create('other'), await create(null, '?idempotencyKey=other')]) {
      expect(answer.status).toBe(400);
      expect(readFailure(answer).errors).toMatchObject([{ fieldName: 'idempotencyKey' }]);
    }
    expect(await countRows(server)).toBe(before);
    expect((await create(null)).status).toBe(200);
    expect((await create(`two ${path}`)).status).toBe(200);
  },
);

describe.each(['/ai/sessions', '/api/NewAISession[]'])('at %s, the header Idempotency-Key', (path) => {
  const create = (key: string) => send(server, 'POST', path, { body: {}, headers: { 'Idempotency-Key': key } });

  test.each([
    ['is empty', ''],
    ['has 256 characters', 'k'.repeat(256)],
    // fetch sends each character of these as a byte.
    ['is no ASCII', 'caf\u00E9'],
    ['is UTF-8 beyond ASCII', 'caf\u00C3\u00A9'],
  ])('is refused where it %s', async (_fault, key) => {
    const before = await countRows(server);
    const answer = await create(key);
    expect(answer.status).toBe(400);
    expect(readFailure(answer).errors).toMatchObject([{ fieldName: 'idempotencyKey' }]);
    expect(await countRows(server)).toBe(before);
  });

  test('makes a retry safe', async () => {
    const answers = [await create(`key ${path}`), await create(`key ${path}`)];
    const [first, second] = answers.map((answer) => (path.endsWith('[]') ? readSessions(answer) : readSession(answer)));
    expect(second).toEqual(first);
  });
});
