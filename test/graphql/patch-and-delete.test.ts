import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  codeOf,
  countRows,
  createAccount,
  createSession,
  sessionFields,
  startTestServer,
  unknownId,
  type TestServer,
} from '../support/test-server.ts';

let server: TestServer;
let accountId: string;

beforeAll(async () => {
  server = await startTestServer();
  accountId = await createAccount(server, 'Acme');
});
afterAll(() => server.stop());

const patchAISession = `mutation ($input: PatchAISessionInput!) { patchAISession(input: $input) { ${sessionFields} } }`;
const deleteAISession = 'mutation ($id: ID!) { deleteAISession(id: $id) }';

async function createBillingSession() {
  const { data } = await createSession(server, { accountId, purpose: 'Billing' });
  return data.newAISession;
}

async function find(id: string) {
  const { data } = await server.graphql(`query ($id: ID!) { aiSession(id: $id) { ${sessionFields} } }`, { id });
  return data.aiSession;
}

test('a patch changes the purpose, who modified last and when, and nothing else', async () => {
  const session = await createBillingSession();
  // A patch in the millisecond of the creation would leave the date as it was.
  await expect.poll(() => Date.now()).toBeGreaterThan(Date.parse(session.dateCreated) + 1);
  const token = await server.tokenFor('bob');
  const { status, data } = await server.graphql(
    patchAISession,
    { input: { id: session.id, purpose: 'Sales' } },
    { token },
  );
  const { dateLastModified } = data.patchAISession;
  expect(status).toBe(200);
  expect(data.patchAISession).toEqual({ ...session, purpose: 'Sales', lastModifiedBy: 'bob', dateLastModified });
  expect(Date.parse(dateLastModified)).toBeGreaterThan(Date.parse(session.dateLastModified));
});

test('a patched session is read as the patch returned it', async () => {
  const { id } = await createBillingSession();
  const { data } = await server.graphql(patchAISession, { input: { id, purpose: 'Sales' } });
  expect(await find(id)).toEqual(data.patchAISession);
});

test('a patch leaves other sessions as they are', async () => {
  const [{ id }, other] = [await createBillingSession(), await createBillingSession()];
  await server.graphql(patchAISession, { input: { id, purpose: 'Sales' } });
  expect(await find(other.id)).toEqual(other);
});

test.each([
  ['null', null],
  ['an empty text', ''],
])('a purpose of %s clears the purpose', async (_kind, purpose) => {
  const { id } = await createBillingSession();
  const { data } = await server.graphql(patchAISession, { input: { id, purpose } });
  expect(data.patchAISession.purpose).toBeNull();
});

test('a patch that leaves the purpose out leaves all as it is', async () => {
  const session = await createBillingSession();
  const token = await server.tokenFor('bob');
  const { data } = await server.graphql(patchAISession, { input: { id: session.id } }, { token });
  expect(data.patchAISession).toEqual(session);
  expect(await find(session.id)).toEqual(session);
});

test('a patch takes an id in upper case', async () => {
  const { id } = await createBillingSession();
  const { data } = await server.graphql(patchAISession, { input: { id: id.toUpperCase(), purpose: 'Sales' } });
  expect(data.patchAISession).toMatchObject({ id, purpose: 'Sales' });
});

test.each([
  ['with a purpose', { id: unknownId, purpose: 'Sales' }],
  ['without a purpose', { id: unknownId }],
])('a patch %s of an unknown id is not found', async (_kind, input) => {
  const { status, data, errors } = await server.graphql(patchAISession, { input });
  expect({ status, data }).toEqual({ status: 200, data: { patchAISession: null } });
  expect(errors).toMatchObject([{ path: ['patchAISession'], extensions: { code: 'NOT_FOUND', field: 'id' } }]);
});

test('a deletion answers the id, and the session is gone', async () => {
  const { id } = await createBillingSession();
  const { status, data } = await server.graphql(deleteAISession, { id });
  expect({ status, data }).toEqual({ status: 200, data: { deleteAISession: id } });
  expect(await find(id)).toBeNull();
});

test('a deletion takes one session and leaves its account', async () => {
  const { id } = await createBillingSession();
  const before = await countRows(server);
  await server.graphql(deleteAISession, { id });
  expect(await countRows(server)).toBe(before - 1);
});

test('a deletion by an id in upper case answers the id as it was given out', async () => {
  const { id } = await createBillingSession();
  const { data } = await server.graphql(deleteAISession, { id: id.toUpperCase() });
  expect(data.deleteAISession).toBe(id);
});

test('a deletion of an unknown id is not found', async () => {
  const { status, data, errors } = await server.graphql(deleteAISession, { id: unknownId });
  expect({ status, data }).toEqual({ status: 200, data: { deleteAISession: null } });
  expect(errors).toMatchObject([{ path: ['deleteAISession'], extensions: { code: 'NOT_FOUND', field: 'id' } }]);
});

test('a second deletion is not found', async () => {
  const { id } = await createBillingSession();
  await server.graphql(deleteAISession, { id });
  const { data, errors } = await server.graphql(deleteAISession, { id });
  expect(data).toEqual({ deleteAISession: null });
  expect(errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
});

test('of deletions that race, one succeeds', async () => {
  const { id } = await createBillingSession();
  const answers = await Promise.all(Array.from({ length: 10 }, () => server.graphql(deleteAISession, { id })));
  expect(answers.map((answer) => codeOf(answer) ?? 'none').toSorted()).toEqual([...Array(9).fill('NOT_FOUND'), 'none']);
  expect(answers.filter(({ data }) => data.deleteAISession === id)).toHaveLength(1);
});

test('a patch of a deleted session is not found and does not bring it back', async () => {
  const { id } = await createBillingSession();
  await server.graphql(deleteAISession, { id });
  const { errors } = await server.graphql(patchAISession, { input: { id, purpose: 'Sales' } });
  expect(errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
  expect(await find(id)).toBeNull();
});

test.each(['aiSession', 'account', 'node'])('the query %s answers null for an unknown id', async (field) => {
  const { status, data, errors } = await server.graphql(`query ($id: ID!) { ${field}(id: $id) { id } }`, {
    id: unknownId,
  });
  expect({ status, data, errors }).toEqual({ status: 200, data: { [field]: null }, errors: undefined });
});
