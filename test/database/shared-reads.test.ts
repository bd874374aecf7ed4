import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Database } from '../../src/database/database.ts';
import { createSession, startTestServer, type TestServer } from '../support/test-server.ts';

let server: TestServer;
/** What the work of users waits for before it begins, and before its result is handed over. */
let before: PromiseWithResolvers<void>;
let after: PromiseWithResolvers<void>;
/** The users whose work waits or has run. */
let users: string[];

const withPauses = (database: Database): Database => ({
  ...database,
  async run(work, user) {
    if (user === undefined) return database.run(work);
    users.push(user);
    await before.promise;
    const result = await database.run(work, user);
    await after.promise;
    return result;
  },
});

beforeAll(async () => {
  server = await startTestServer({}, withPauses);
});
beforeEach(() => {
  [before, after, users] = [Promise.withResolvers(), Promise.withResolvers(), []];
});
afterAll(() => server.stop());

/** Lists sessions; answers their ids. */
async function list(filter = '', user = 'alice'): Promise<string[]> {
  const token = await server.tokenFor(user);
  const { data } = await server.graphql(`{ aiSessions${filter} { edges { node { id } } } }`, {}, { token });
  return data.aiSessions.edges.map(({ node }: { node: { id: string } }) => node.id);
}

const countReads = () => server.logLines().filter(({ statement }) => /order by/.test(String(statement))).length;
const create = async () => (await createSession(server)).data.newAISession.id;

test('those who wait for the same page share one read', async () => {
  const lists = Array.from({ length: 20 }, () => list());
  await expect.poll(() => users).toEqual(['alice']);
  // As many requests as came before it have joined by then.
  const other = list('(first: 3)');
  await expect.poll(() => users).toEqual(['alice', 'alice']);
  before.resolve();
  after.resolve();
  const [first, ...rest] = await Promise.all(lists);
  expect(rest).toEqual(rest.map(() => first));
  expect((await other).length).toBeLessThanOrEqual(3);
});

test('users share no read with each other, so that none waits in the turn of another', async () => {
  const lists = [list('', 'alice'), list('', 'bob')];
  await expect.poll(() => users.toSorted()).toEqual(['alice', 'bob']);
  before.resolve();
  after.resolve();
  expect(await lists[0]).toEqual(await lists[1]);
});

test('a page that waits has the session that was created before it was asked for', async () => {
  const lists = [list()];
  await expect.poll(() => users).toHaveLength(1);
  const id = await create();
  lists.push(list());
  await server.graphql('{ __typename }');
  before.resolve();
  after.resolve();
  expect(await Promise.all(lists)).toEqual([expect.arrayContaining([id]), expect.arrayContaining([id])]);
});

test('a page that was read before a session was created is not the answer to those who ask later', async () => {
  const readBefore = countReads();
  before.resolve();
  const early = list();
  await expect.poll(countReads).toBe(readBefore + 1);
  const id = await create();
  const late = list();
  await expect.poll(countReads).toBe(readBefore + 2);
  after.resolve();
  expect(await early).not.toContain(id);
  expect(await late).toContain(id);
});

test('a read that fails is tried again by those who ask next', async () => {
  const refused = list('(filter: { createdBefore: "0001-01-01T00:00:00Z" })');
  await expect.poll(() => users).toHaveLength(1);
  before.reject(new Error('broken'));
  await expect(refused).rejects.toThrow(TypeError);
  before = Promise.withResolvers();
  before.resolve();
  after.resolve();
  expect(await list('(filter: { createdBefore: "0001-01-01T00:00:00Z" })')).toEqual([]);
});
