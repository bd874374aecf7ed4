import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../src/database/database.ts';
import { ServiceUnavailableError } from '../../src/errors.ts';
import { send } from '../support/rest-request.ts';
import { createSession, startTestServer, type TestServer } from '../support/test-server.ts';

let server: TestServer;
/** While this is true, no statement reaches the database. */
let isAway = false;

const canBeAway = (database: Database): Database => ({
  ...database,
  run: (work, bulkhead) =>
    isAway ? Promise.reject(new ServiceUnavailableError('The database')) : database.run(work, bulkhead),
});

beforeAll(async () => {
  server = await startTestServer({ RATE_LIMIT: '2' }, canBeAway);
});
afterAll(() => server.stop());

/** Uses up what a new user may create in a minute; answers the token. */
async function exhaust(user: string): Promise<string> {
  const token = await server.tokenFor(user);
  for (let count = 0; count < 2; count += 1) {
    expect(await createSession(server, {}, { token })).toMatchObject({ errors: undefined });
  }
  return token;
}

const aWholeNumber = expect.toSatisfy((seconds: unknown) => Number.isInteger(seconds) && Number(seconds) > 0);

test('a creation beyond RATE_LIMIT says in its error after how many seconds to try again', async () => {
  const token = await exhaust('carol');
  const { status, headers, data, errors } = await createSession(server, {}, { token });
  expect({ status, data }).toEqual({ status: 200, data: { newAISession: null } });
  expect(errors).toMatchObject([{ path: ['newAISession'] }]);
  expect(errors?.[0]?.extensions).toEqual({ code: 'RATE_LIMITED', retryAfter: aWholeNumber });
  expect(errors?.[0]?.extensions.retryAfter).toBeLessThanOrEqual(60);
  // The operation was executed: other fields of it may have succeeded.
  expect(headers.get('Retry-After')).toBeNull();
});

test('of three creations in one document, the one beyond RATE_LIMIT alone is refused', async () => {
  const token = await server.tokenFor('dave');
  const creations = ['a', 'b', 'c'].map((alias) => `${alias}: newAISession(input: {}) { createdBy }`);
  const { data, errors } = await server.graphql(`mutation { ${creations.join(' ')} }`, {}, { token });
  expect(data).toEqual({ a: { createdBy: 'dave' }, b: { createdBy: 'dave' }, c: null });
  expect(errors).toMatchObject([{ path: ['c'], extensions: { code: 'RATE_LIMITED' } }]);
});

test('over the REST API, a creation beyond RATE_LIMIT is 429 with the header Retry-After', async () => {
  const token = await exhaust('erin');
  const answer = await send(server, 'POST', '/ai/sessions', { token, body: {} });
  expect(answer.status).toBe(429);
  expect(Number(answer.headers.get('Retry-After'))).toEqual(aWholeNumber);
});

test('while the database is away, each field that needs it says after how many seconds to try again', async () => {
  isAway = true;
  const answer = await server.graphql('{ viewer { id } aiSessions { totalCount } accounts { totalCount } }');
  isAway = false;
  const { status, headers, data, errors = [] } = answer;
  expect({ status, data }).toEqual({
    status: 200,
    data: { viewer: { id: 'alice' }, aiSessions: null, accounts: null },
  });
  // Fields that run together may fail in any order.
  expect(new Set(errors.map(({ path }) => String(path)))).toEqual(new Set(['accounts', 'aiSessions']));
  for (const { extensions } of errors)
    expect(extensions).toEqual({ code: 'SERVICE_UNAVAILABLE', retryAfter: aWholeNumber });
  expect(headers.get('Retry-After')).toBeNull();
});

test('over the REST API, a request is 503 with the header Retry-After while the database is away', async () => {
  isAway = true;
  const answer = await send(server, 'GET', '/ai/sessions');
  isAway = false;
  expect(answer.status).toBe(503);
  expect(Number(answer.headers.get('Retry-After'))).toEqual(aWholeNumber);
});

test('an error that no retry mends has no retryAfter', async () => {
  const { errors } = await server.graphql('{ aiSessions(first: 0) { totalCount } }');
  expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'first' });
});
