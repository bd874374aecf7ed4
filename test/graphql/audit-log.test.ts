import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { send } from '../support/rest-request.ts';
import { startTestServer, unknownId, type TestServer } from '../support/test-server.ts';

let server: TestServer;
let token: string;

beforeAll(async () => {
  server = await startTestServer();
  token = await server.tokenFor('auditor');
});
afterAll(() => server.stop());

const write = async (operation: string, variables: object = {}) => {
  const { headers, data } = await server.graphql(operation, variables, { token });
  return { data, requestId: headers.get('X-Request-Id') };
};
const make = async (purpose = 'x') => {
  const account = await write('mutation { newAccount(input: { name: "Acme" }) { id } }');
  const accountId: string = account.data.newAccount.id;
  const create = 'mutation ($input: NewAISessionInput!) { newAISession(input: $input) { id } }';
  const { data, requestId } = await write(create, { input: { accountId, purpose } });
  return { accountId, sessionId: String(data.newAISession.id), requestIds: { account: account.requestId, requestId } };
};
/** The lines that name an object, without those of statements. */
const linesAbout = (id: string) =>
  server
    .logLines()
    .filter(({ sessionId, accountId, msg }) => msg !== 'statement' && [sessionId, accountId].includes(id));
const patch = 'mutation ($input: PatchAISessionInput!) { patchAISession(input: $input) { id } }';

describe('each write has a line with what was done, to what, of which account, by whom and in which request', () => {
  test('a new account', async () => {
    const { accountId, requestIds } = await make();
    expect(linesAbout(accountId)[0]).toMatchObject({
      level: 30,
      msg: 'account created',
      accountId,
      viewer: 'auditor',
      requestId: requestIds.account,
    });
  });

  test('a new session', async () => {
    const { sessionId, accountId, requestIds } = await make();
    const { requestId } = requestIds;
    const line = { level: 30, msg: 'session created', sessionId, accountId, viewer: 'auditor', requestId };
    expect(linesAbout(sessionId)).toMatchObject([line]);
  });

  test('a changed session', async () => {
    const { sessionId, accountId } = await make();
    const { requestId } = await write(patch, { input: { id: sessionId, purpose: 'y' } });
    const line = { level: 30, msg: 'session changed', sessionId, accountId, viewer: 'auditor', requestId };
    expect(linesAbout(sessionId).at(-1)).toMatchObject(line);
  });

  test('a deleted session, over GraphQL', async () => {
    const { sessionId, accountId } = await make();
    const { requestId } = await write('mutation ($id: ID!) { deleteAISession(id: $id) }', { id: sessionId });
    const line = { level: 30, msg: 'session deleted', sessionId, accountId, viewer: 'auditor', requestId };
    expect(linesAbout(sessionId).at(-1)).toMatchObject(line);
  });

  test('a deleted session, over the REST API', async () => {
    const { sessionId, accountId } = await make();
    const { headers } = await send(server, 'DELETE', `/ai/sessions/${sessionId}`, { token });
    const requestId = headers.get('X-Request-Id');
    const line = { level: 30, msg: 'session deleted', sessionId, accountId, viewer: 'auditor', requestId };
    expect(linesAbout(sessionId).at(-1)).toMatchObject(line);
  });
});

test('a patch that changes nothing has no line', async () => {
  const { sessionId } = await make();
  await write(patch, { input: { id: sessionId } });
  expect(linesAbout(sessionId)).toHaveLength(1);
});

test('a write that is refused has no line', async () => {
  await write(patch, { input: { id: unknownId, purpose: 'y' } });
  await write('mutation ($id: ID!) { deleteAISession(id: $id) }', { id: unknownId });
  expect(linesAbout(unknownId)).toEqual([]);
});

test('no line has the purpose of a session', async () => {
  const { sessionId } = await make('hush-hush');
  await write(patch, { input: { id: sessionId, purpose: 'hush-hush too' } });
  const lines = server.logLines().filter(({ msg }) => msg !== 'statement');
  expect(JSON.stringify(lines)).not.toContain('hush-hush');
});
