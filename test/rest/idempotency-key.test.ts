import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readFailure, readSession, readSessions, send } from '../support/rest-request.ts';
import { countRows, createSession, startTestServer, type TestServer } from '../support/test-server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

describe.each(['/ai/sessions', '/api/NewAISession', '/json/reply/NewAISession', '/api/NewAISession[]'])(
  'with the header Idempotency-Key, POST %s',
  (path) => {
    const create = (body: object) =>
      send(server, 'POST', path, { body, headers: { 'Idempotency-Key': `key ${path}` } });

    test('answers the session that the key created at first, and refuses the key for another payload', async () => {
      const first = await create({ purpose: 'Billing' });
      const before = await countRows(server);
      const again = await create({ purpose: 'Billing' });
      expect(again).toMatchObject({ status: 200, text: first.text });
      const other = await create({ purpose: 'Sales' });
      expect(other.status).toBe(409);
      expect(readFailure(other).errors).toMatchObject([{ fieldName: 'idempotencyKey' }]);
      expect(await countRows(server)).toBe(before);
    });
  },
);

test('a key means the same in the header as in the input of GraphQL', async () => {
  const first = await createSession(server, { purpose: 'Billing', idempotencyKey: 'shared' });
  const headers = { 'Idempotency-Key': 'shared' };
  const answer = await send(server, 'POST', '/ai/sessions', { body: { purpose: 'Billing' }, headers });
  expect(readSession(answer).id).toBe(first.data.newAISession.id);
});

test('each item of an array has a key of its own', async () => {
  const headers = { 'Idempotency-Key': 'array' };
  const answer = await send(server, 'POST', '/api/NewAISession[]', { body: [{}, {}], headers });
  expect(new Set(readSessions(answer).map(({ id }) => id)).size).toBe(2);
});

test.each([
  ['no character', ''],
  ['256 characters', 'k'.repeat(256)],
])('a key of %s is refused', async (_kind, key) => {
  const answer = await send(server, 'POST', '/ai/sessions', { body: {}, headers: { 'Idempotency-Key': key } });
  expect(answer.status).toBe(400);
  expect(readFailure(answer).errors).toMatchObject([{ fieldName: 'idempotencyKey' }]);
});

test.each(['/ai/sessions', '/api/NewAISession[]'])('a key of 255 characters is taken at %s', async (path) => {
  const create = () =>
    send(server, 'POST', path, { body: {}, headers: { 'Idempotency-Key': `k${path}`.padEnd(255, 'k') } });
  const first = await create();
  expect(first.status).toBe(200);
  expect((await create()).text).toBe(first.text);
});

test('on /graphql the header Idempotency-Key is ignored', async () => {
  const headers = { 'Idempotency-Key': 'graphql' };
  const answers = [await createSession(server, {}, { headers }), await createSession(server, {}, { headers })];
  expect(answers[0]?.data.newAISession.id).not.toBe(answers[1]?.data.newAISession.id);
});
