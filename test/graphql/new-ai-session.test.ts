import { afterAll, beforeAll, expect, test } from 'vitest';
import { countRows, createAccount, startTestServer, unknownId, type TestServer } from '../support/test-server.ts';

let server: TestServer;
let accountId: string;

beforeAll(async () => {
  server = await startTestServer();
  accountId = await createAccount(server, 'Acme');
});
afterAll(() => server.stop());

const newAISession = /* GraphQL */ `
  mutation ($input: NewAISessionInput!) {
    newAISession(input: $input) {
      id
      dateCreated
      dateLastModified
      createdBy
      lastModifiedBy
      accountId
      accountName
      purpose
    }
  }
`;

test('a session carries its audit fields and the name of its account', async () => {
  const { status, data, errors } = await server.graphql(newAISession, { input: { accountId, purpose: 'Billing' } });
  expect({ status, errors }).toEqual({ status: 200, errors: undefined });
  expect(data.newAISession).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
    dateCreated: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    dateLastModified: data.newAISession.dateCreated,
    createdBy: 'alice',
    lastModifiedBy: 'alice',
    accountId,
    accountName: 'Acme',
    purpose: 'Billing',
  });
});

test('a session is read as it was created', async () => {
  const { data } = await server.graphql(newAISession, { input: { accountId, purpose: 'Find me' } });
  const fields = Object.keys(data.newAISession).join(' ');
  const found = await server.graphql(`query ($id: ID!) { aiSession(id: $id) { ${fields} } }`, data.newAISession);
  expect(found.data.aiSession).toEqual(data.newAISession);
});

test('account and purpose are both optional', async () => {
  const { data } = await server.graphql(newAISession, { input: {} });
  expect(data.newAISession).toMatchObject({ accountId: null, accountName: null, purpose: null });
});

test('an empty purpose is none', async () => {
  const { data } = await server.graphql(newAISession, { input: { purpose: '' } });
  expect(data.newAISession.purpose).toBeNull();
});

test.each([
  ['emoji', 'Grüße 👩‍👩‍👧'],
  ['SQL', "'; drop table ai_sessions; --"],
  ['2,000 characters outside the basic plane', '𝒳'.repeat(2000)],
  ['white space', ' \t\n'],
])('a purpose with %s comes back as it was', async (_kind, purpose) => {
  const { data } = await server.graphql(newAISession, { input: { purpose } });
  expect(data.newAISession.purpose).toBe(purpose);
});

test('an account id in upper case is the same id', async () => {
  const { data } = await server.graphql(newAISession, { input: { accountId: accountId.toUpperCase() } });
  expect(data.newAISession.accountId).toBe(accountId);
});

test('an unknown account is refused and nothing is written', async () => {
  const before = await countRows(server);
  const input = { accountId: unknownId, purpose: 'x' };
  const { status, data, errors } = await server.graphql(newAISession, { input });
  expect({ status, data }).toEqual({ status: 200, data: { newAISession: null } });
  expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'accountId' } }]);
  expect(await countRows(server)).toBe(before);
});

test('a creation takes one statement, the name of its account with it', async () => {
  await server.graphql(newAISession, { input: { accountId } });
  const before = server.logLines().filter(({ msg }) => msg === 'statement').length;
  await server.graphql(newAISession, { input: { accountId } });
  expect(server.logLines().filter(({ msg }) => msg === 'statement').length - before).toBe(1);
});

test('each creation logs one audit line with the id, the account and the viewer', async () => {
  const token = await server.tokenFor('auditor');
  const { data } = await server.graphql(newAISession, { input: { accountId } }, { token });
  const lines = server.logLines().filter(({ msg, viewer }) => msg === 'session created' && viewer === 'auditor');
  expect(lines).toMatchObject([{ level: 30, sessionId: data.newAISession.id, accountId, viewer: 'auditor' }]);
});
