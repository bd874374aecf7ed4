import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createAccount, createSession, startTestServer, unknownId, type TestServer } from '../support/test-server.ts';

let server: TestServer;
let accountId: string;
let viewer: string;
let token: string;
let viewers = 0;

beforeAll(async () => {
  server = await startTestServer();
  accountId = await createAccount(server, 'Acme');
});
afterAll(() => server.stop());

// Keys belong to their viewer, so each test has a viewer of its own.
beforeEach(async () => {
  viewer = `viewer ${(viewers += 1)}`;
  token = await server.tokenFor(viewer);
});

const idempotencyKey = 'order 66';

const create = (input: object) =>
  createSession(server, { accountId, purpose: 'Billing', idempotencyKey, ...input }, { token });

/** Sends all at once. */
const race = (inputs: object[]) => Promise.all(inputs.map(create));

/** How many sessions of this test's viewer exist. */
async function countSessions(): Promise<number> {
  const operation = 'query ($createdBy: String) { aiSessions(filter: { createdBy: $createdBy }) { totalCount } }';
  const { data } = await server.graphql(operation, { createdBy: viewer });
  return data.aiSessions.totalCount;
}

const reused = {
  status: 200,
  data: { newAISession: null },
  errors: [{ path: ['newAISession'], extensions: { code: 'IDEMPOTENCY_KEY_REUSED', field: 'idempotencyKey' } }],
};

test('a key sent again with the same input answers the first session', async () => {
  const first = await create({});
  const second = await create({});
  expect(second).toMatchObject({ status: 200, errors: undefined });
  expect(second.data).toEqual(first.data);
  expect(await countSessions()).toBe(1);
});

test('a key sent again logs no second audit line', async () => {
  const { data } = await create({});
  await create({});
  const lines = server.logLines().filter((line) => line['msg'] === 'session created' && line['viewer'] === viewer);
  expect(lines).toMatchObject([{ sessionId: data.newAISession.id }]);
});

test('without a key, the same input makes a session each time', async () => {
  await race([{ idempotencyKey: null }, { idempotencyKey: undefined }, { idempotencyKey: null }]);
  expect(await countSessions()).toBe(3);
});

test('other keys make other sessions', async () => {
  await race([{ idempotencyKey: 'one' }, { idempotencyKey: 'two' }, { idempotencyKey: 'TWO' }]);
  expect(await countSessions()).toBe(3);
});

test('of fifty requests that race with one key, one makes a session and all answer it', async () => {
  const answers = await race(Array.from({ length: 50 }, () => ({})));
  expect(new Set(answers.map(({ errors }) => errors))).toEqual(new Set([undefined]));
  expect(new Set(answers.map(({ data }) => data.newAISession.id)).size).toBe(1);
  expect(await countSessions()).toBe(1);
});

test('of fifty requests that race with one key and two inputs, one input wins and the other is refused', async () => {
  const answers = await race(Array.from({ length: 50 }, (_, index) => ({ purpose: index % 2 ? 'Billing' : 'Sales' })));
  const winners = answers.filter(({ errors }) => errors === undefined);
  expect(winners).toHaveLength(25);
  expect(new Set(winners.map(({ data }) => data.newAISession.id)).size).toBe(1);
  expect(answers.filter(({ errors }) => errors !== undefined)).toMatchObject(Array.from({ length: 25 }, () => reused));
  expect(await countSessions()).toBe(1);
});

test.each([
  ['purpose', { purpose: 'Sales' }],
  ['lack of a purpose', { purpose: null }],
  ['letter case in the purpose', { purpose: 'billing' }],
  ['lack of an account', { accountId: null }],
])('a key is refused with another %s, and nothing is written', async (_kind, input) => {
  await create({});
  expect(await create(input)).toMatchObject(reused);
  expect(await countSessions()).toBe(1);
});

test('a key is refused with another account', async () => {
  await create({});
  expect(await create({ accountId: await createAccount(server, 'Other') })).toMatchObject(reused);
});

test('a refused input leaves the key with its first session', async () => {
  const first = await create({});
  await create({ purpose: 'Sales' });
  expect((await create({})).data).toEqual(first.data);
});

test('the same key of another viewer makes its own session', async () => {
  const { data } = await create({});
  token = await server.tokenFor('somebody else');
  const other = await create({});
  expect(other).toMatchObject({ status: 200, data: { newAISession: { createdBy: 'somebody else' } } });
  expect(other.data.newAISession.id).not.toBe(data.newAISession.id);
});

test.each([
  ['no character', ''],
  ['256 characters', 'k'.repeat(256)],
])('a key of %s is refused', async (_kind, key) => {
  const { status, data, errors } = await create({ idempotencyKey: key });
  expect({ status, data }).toEqual({ status: 200, data: { newAISession: null } });
  expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'idempotencyKey' } }]);
  expect(await countSessions()).toBe(0);
});

test.each([
  ['one character', 'k'],
  ['255 characters', 'k'.repeat(255)],
  ['255 characters outside the basic plane', '𝒳'.repeat(255)],
  ['white space and quotes', ` \t'"\\ `],
])('a key of %s works', async (_kind, key) => {
  const first = await create({ idempotencyKey: key });
  const second = await create({ idempotencyKey: key });
  expect(first.errors).toBeUndefined();
  expect(second.data).toEqual(first.data);
});

test('a key whose creation failed is not used up', async () => {
  const failed = await create({ accountId: unknownId });
  expect(failed.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'accountId' } }]);
  expect(await create({})).toMatchObject({ status: 200, errors: undefined });
  expect(await countSessions()).toBe(1);
});

test('a used key is refused with an unknown account: the payload is another one, whatever else is wrong with it', async () => {
  await create({});
  expect(await create({ accountId: unknownId })).toMatchObject(reused);
  expect(await countSessions()).toBe(1);
});

test('after a patch, the first input still answers the session, as it is now', async () => {
  const { id } = (await create({})).data.newAISession;
  await server.graphql('mutation ($id: ID!) { patchAISession(input: { id: $id, purpose: "Sales" }) { id } }', { id });
  const { data, errors } = await create({});
  expect(errors).toBeUndefined();
  expect(data.newAISession).toMatchObject({ id, purpose: 'Sales' });
});

test('after a patch, the input that the session has by now is another payload', async () => {
  const { id } = (await create({})).data.newAISession;
  await server.graphql('mutation ($id: ID!) { patchAISession(input: { id: $id, purpose: "Sales" }) { id } }', { id });
  expect(await create({ purpose: 'Sales' })).toMatchObject(reused);
});

test('after the deletion of its session, a key makes no second one', async () => {
  const { id } = (await create({})).data.newAISession;
  await server.graphql('mutation ($id: ID!) { deleteAISession(id: $id) }', { id });
  expect(await create({})).toMatchObject(reused);
  expect(await countSessions()).toBe(0);
});

test('the letter case of the account id does not make another payload', async () => {
  const first = await create({});
  const second = await create({ accountId: accountId.toUpperCase() });
  expect(second.data).toEqual(first.data);
});

test.each([
  ['null and absent', null, undefined],
  ['null and empty', null, ''],
])('a purpose that is %s is the same payload', async (_kind, purpose, again) => {
  const first = await create({ purpose });
  const second = await create({ purpose: again });
  expect(second).toMatchObject({ status: 200, data: first.data });
});
