import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeSession, readFailure, readList, readSession, readSessions, send } from '../support/rest-request.ts';
import { countRows, createAccount, startTestServer, unknownId } from '../support/test-server.ts';
import type { TestServer } from '../support/test-server.ts';

let server: TestServer;
let accountId: string;

beforeAll(async () => {
  server = await startTestServer();
  accountId = await createAccount(server, 'Acme');
});
afterAll(() => server.stop());

/** The session as GraphQL tells it. */
async function findSession(id: string) {
  const fields = 'accountId accountName purpose id dateCreated dateLastModified createdBy lastModifiedBy';
  return (await server.graphql(`query ($id: ID!) { aiSession(id: $id) { ${fields} } }`, { id })).data.aiSession;
}

describe.each([
  ['its own routes', '', ['POST', 'GET', 'GET', 'PATCH', 'DELETE']],
  ['/api/{Operation} by its method', '/api', ['POST', 'GET', 'GET', 'PATCH', 'DELETE']],
  ['/api/{Operation} by POST', '/api', ['POST', 'POST', 'POST', 'POST', 'POST']],
  ['/json/reply/{Operation} by its method', '/json/reply', ['POST', 'GET', 'GET', 'PATCH', 'DELETE']],
  ['/json/reply/{Operation} by POST', '/json/reply', ['POST', 'POST', 'POST', 'POST', 'POST']],
])('at %s', (_place, prefix, [create = '', list = '', get = '', patch = '', remove = '']) => {
  /** Sends fields where the method has them: in the path and the query string, or in the body. */
  const call = (method: string, operation: string, ownPath: string, fields: Record<string, string>) => {
    const hasBody = method === 'POST' || method === 'PATCH';
    const path = prefix ? `${prefix}/${operation}` : ownPath;
    const { sessionId, ...others } = fields;
    const rest = prefix || sessionId === undefined ? fields : others;
    return hasBody
      ? send(server, method, path, { body: rest })
      : send(server, method, `${path}?${new URLSearchParams(rest).toString()}`);
  };

  test('a session is created', async () => {
    const answer = await call(create, 'NewAISession', '/ai/sessions', { accountId, purpose: 'Billing' });
    expect(answer.status).toBe(200);
    const session = readSession(answer);
    expect(session).toMatchObject({ accountId, accountName: 'Acme', purpose: 'Billing', createdBy: 'alice' });
    expect(await findSession(session.id)).toEqual(session);
  });

  test('a session is read', async () => {
    const session = await makeSession(server, { accountId, purpose: 'Read me' });
    const answer = await call(get, 'GetAISession', `/ai/sessions/${session.id}`, { sessionId: session.id });
    expect(answer.status).toBe(200);
    expect(readSession(answer)).toEqual(session);
  });

  test('sessions are listed', async () => {
    const [first, second] = [await makeSession(server), await makeSession(server)];
    const fields = { specificIds: `${first.id},${second.id}`, sortOrder: 'Ascend' };
    const answer = await call(list, 'ListAISessions', '/ai/sessions', fields);
    expect(answer.status).toBe(200);
    expect(readList(answer)).toEqual({ items: [first, second], totalCount: 2, totalPages: 1, hasMorePages: false });
  });

  test('a session is patched', async () => {
    const session = await makeSession(server, { accountId, purpose: 'Billing' });
    const fields = { sessionId: session.id, purpose: 'Sales' };
    const answer = await call(patch, 'PatchAISession', `/ai/sessions/${session.id}`, fields);
    expect(answer.status).toBe(200);
    const patched = readSession(answer);
    expect(patched).toEqual({ ...session, purpose: 'Sales', dateLastModified: patched.dateLastModified });
    expect(await findSession(session.id)).toEqual(patched);
  });

  test('a session is deleted, and the answer is empty', async () => {
    const { id } = await makeSession(server);
    const answer = await call(remove, 'DeleteAISession', `/ai/sessions/${id}`, { sessionId: id });
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: '' });
    expect(await findSession(id)).toBeNull();
  });
});

test('a patch without a purpose leaves it, and one with null takes it away', async () => {
  const { id } = await makeSession(server, { purpose: 'Billing' });
  const left = await send(server, 'PATCH', `/ai/sessions/${id}`, { body: {} });
  const taken = await send(server, 'PATCH', `/ai/sessions/${id}`, { body: { purpose: null } });
  expect([readSession(left).purpose, readSession(taken).purpose]).toEqual(['Billing', null]);
});

test.each([[['sessionId']], [['SessionID']], [['sessionId', 'SessionID']]])(
  'the id in the path holds against another in the body, called %s',
  async (names) => {
    const [session, other] = [await makeSession(server), await makeSession(server)];
    const body = { ...Object.fromEntries(names.map((name) => [name, other.id])), purpose: 'Sales' };
    const answer = await send(server, 'PATCH', `/ai/sessions/${session.id}`, { body });
    expect(readSession(answer)).toMatchObject({ id: session.id, purpose: 'Sales' });
  },
);

test('names of operations and fields may be in any case', async () => {
  const created = await send(server, 'POST', '/api/newaisession', { body: { ACCOUNTID: accountId, Purpose: 'Case' } });
  const session = readSession(created);
  expect(session).toMatchObject({ accountId, purpose: 'Case' });
  const read = await send(server, 'GET', `/json/reply/GETAISESSION?SessionID=${session.id}`);
  expect(readSession(read)).toEqual(session);
});

describe.each(['/api', '/json/reply'])('arrays at %s', (prefix) => {
  test('each item is answered in turn', async () => {
    const body = [{ purpose: 'one' }, { purpose: 'two', accountId }, {}];
    const answer = await send(server, 'POST', `${prefix}/NewAISession[]`, { body });
    expect(answer.status).toBe(200);
    const sessions = readSessions(answer);
    expect(sessions.map(({ purpose }) => purpose)).toEqual(['one', 'two', null]);
    const ids = sessions.map(({ id }) => ({ sessionId: id }));
    expect(readSessions(await send(server, 'POST', `${prefix}/GetAISession[]`, { body: ids }))).toEqual(sessions);
  });

  test('the first failure ends it with that error, and says which item', async () => {
    const before = await countRows(server);
    const body = [{ purpose: 'kept' }, { accountId: unknownId }, { purpose: 'never reached' }];
    const answer = await send(server, 'POST', `${prefix}/NewAISession[]`, { body });
    expect(answer.status).toBe(400);
    const { message, errors } = readFailure(answer);
    expect(message).toMatch(/item 2\b/i);
    expect(errors).toMatchObject([{ fieldName: 'accountId' }]);
    expect(await countRows(server)).toBe(before + 1);
  });

  test('several sessions are deleted', async () => {
    const sessions = [await makeSession(server), await makeSession(server)];
    const body = sessions.map(({ id }) => ({ sessionId: id }));
    const answer = await send(server, 'POST', `${prefix}/DeleteAISession[]`, { body });
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: '' });
    expect(await Promise.all(sessions.map(({ id }) => findSession(id)))).toEqual([null, null]);
  });

  test('no items have no answers', async () => {
    const before = await countRows(server);
    const answer = await send(server, 'POST', `${prefix}/NewAISession[]`, { body: [] });
    expect(answer).toMatchObject({ status: 200, text: '[]' });
    expect(await countRows(server)).toBe(before);
  });
});
