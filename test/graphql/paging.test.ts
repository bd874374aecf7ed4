import * as fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { countStatements, createAccount, createSession, readPage, startTestServer } from '../support/test-server.ts';
import type { TestServer } from '../support/test-server.ts';

type Session = Record<'id' | 'dateCreated' | 'dateLastModified' | 'createdBy', string> & { accountId: string | null };
type Filter = Partial<
  Record<'createdBy' | 'createdFrom' | 'createdBefore', string> & Record<'ids' | 'accountIds', string[]>
>;

const accountNames = ['Acme', 'acme Europe', 'ACME_50%', '100% Acme', 'under_score', 'Äpfel & Öl', 'Zebra', 'zebra\\'];
/** Holds lists that stay as they are. */
let settled: TestServer;
let sessions: Session[];
const accounts: string[] = [];
/** Holds an account for each test, whose list is the test's own. */
let changing: TestServer;
let filter: Filter;

beforeAll(async () => {
  [settled, changing] = [await startTestServer(), await startTestServer()];
  for (const name of accountNames) accounts.push(await createAccount(settled, name));
  const tokens = [await settled.tokenFor('alice'), await settled.tokenFor('bob')];
  const create = (accountId: string | undefined, token = '') => createSession(settled, { accountId }, { token });
  const choices = [accounts[0], accounts[1], undefined];
  const created = await Promise.all(Array.from({ length: 36 }, (_, n) => create(choices[n % 3], tokens[n % 2])));
  for (const { data } of created.filter((_, n) => n % 5 === 3).toReversed()) {
    await settled.graphql(`mutation { patchAISession(input: { id: "${data.newAISession.id}", purpose: "x" }) { id } }`);
  }
  const fields = 'id dateCreated dateLastModified createdBy accountId';
  const { data } = await settled.graphql(`{ aiSessions(first: 100) { edges { node { ${fields} } } } }`);
  sessions = data.aiSessions.edges.map(({ node }: { node: Session }) => node);
});
afterAll(() => Promise.all([settled.stop(), changing.stop()]));
beforeEach(async () => {
  filter = { accountIds: [await createAccount(changing, 'Acme')] };
});

const list = (page: object) => readPage(changing, 'aiSessions', { filter, ...page });

/** Creates sessions of this test, and answers the ids of all that there are, newest first. */
async function createSessions(count: number): Promise<string[]> {
  const input = { accountId: filter.accountIds?.[0] };
  await Promise.all(Array.from({ length: count }, () => createSession(changing, input)));
  return (await list({ first: 100 })).ids;
}

/** The ids that a list must have, worked out without a database. */
function expectedIds(by: Filter, order: { field: string; direction: string }): string[] {
  const matching = sessions.filter(
    ({ id, accountId, createdBy, dateCreated }) =>
      (!by.ids || by.ids.includes(id)) &&
      (!by.accountIds || by.accountIds.includes(accountId ?? '')) &&
      (!by.createdBy || by.createdBy === createdBy) &&
      (!by.createdFrom || by.createdFrom <= dateCreated) &&
      (!by.createdBefore || by.createdBefore > dateCreated),
  );
  const date = order.field === 'DATE_CREATED' ? 'dateCreated' : 'dateLastModified';
  const keys = matching.map((session) => `${session[date]} ${session.id}`).toSorted();
  return (order.direction === 'ASC' ? keys : keys.toReversed()).map((key) => key.split(' ')[1] ?? '');
}

/** The pages that a walk through a list must meet. */
function expectedPages(all: string[], size: number, forwards: boolean) {
  return Array.from({ length: Math.max(1, Math.ceil(all.length / size)) }, (_, page) => {
    const [met, left] = [page * size, all.length - page * size];
    const [start, end] = forwards ? [met, met + size] : [Math.max(0, left - size), left];
    const around = { hasPreviousPage: start > 0, hasNextPage: end < all.length };
    return { ids: all.slice(start, end), totalCount: all.length, ...around };
  });
}

/** Walks from page to page the way clients do. */
async function walk(field: 'accounts' | 'aiSessions', variables: object, size: number, forwards: boolean) {
  const pages = [];
  let [cursor, goesOn] = [null, true];
  while (goesOn && pages.length < 100) {
    const ends = forwards ? { first: size, after: cursor } : { last: size, before: cursor };
    const page = await readPage(settled, field, { ...variables, ...ends });
    pages.push(page);
    [cursor, goesOn] = forwards ? [page.endCursor, page.hasNextPage] : [page.startCursor, page.hasPreviousPage];
  }
  return pages;
}

const numRuns = inject('isLong') ? 1000 : 25;
const sizes = fc.oneof(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 100 }));
const fields = fc.constantFrom('DATE_CREATED', 'DATE_LAST_MODIFIED');
const orders = fc.record({ field: fields, direction: fc.constantFrom('ASC', 'DESC') });
const filters = () => {
  const ids = fc.subarray(sessions.map(({ id }) => id));
  const createdBy = fc.constantFrom('alice', 'bob', 'nobody');
  const date = fc.constantFrom(...sessions.map(({ dateCreated }) => dateCreated));
  const accountIds = fc.subarray(accounts.slice(0, 3));
  return fc.record({ ids, accountIds, createdBy, createdFrom: date, createdBefore: date }, { requiredKeys: [] });
};

test('walking a list of sessions either way meets each once, in order', () =>
  fc.assert(
    fc.asyncProperty(filters(), orders, sizes, fc.boolean(), async (by, orderBy, size, forwards) => {
      const pages = await walk('aiSessions', { filter: by, orderBy }, size, forwards);
      expect(pages).toMatchObject(expectedPages(expectedIds(by, orderBy), size, forwards));
    }),
    { numRuns },
  ));

test('accounts are found by any part of their name in any case, oldest first', () => {
  const parts = fc.constantFrom('acme', 'ACME', 'Me e', 'Z', '_', '%', '50%', '\\', 'äp', 'ÖL', '', 'nothing');
  return fc.assert(
    fc.asyncProperty(parts, sizes, fc.boolean(), async (nameContains, size, forwards) => {
      const isFound = (name = '') => name.toLowerCase().includes(nameContains.toLowerCase());
      const ids = accounts.filter((_, index) => isFound(accountNames[index]));
      const pages = await walk('accounts', { nameContains }, size, forwards);
      expect(pages).toMatchObject(expectedPages(ids, size, forwards));
    }),
    { numRuns },
  );
});

test('a page lies between its two cursors, whatever list they come from', () => {
  const anything = [filters(), orders, sizes, fc.boolean(), fc.nat(36), fc.nat(36)] as const;
  return fc.assert(
    fc.asyncProperty(...anything, async (by, orderBy, size, forwards, one, other) => {
      const { ids, cursors } = await readPage(settled, 'aiSessions', { orderBy, first: 100 });
      const [from, to] = [Math.min(one, other) - 1, Math.max(one, other)];
      const all = expectedIds(by, orderBy);
      const low = all.filter((id) => ids.indexOf(id) <= from).length;
      const high = all.filter((id) => ids.indexOf(id) < to).length;
      const [start, end] = forwards ? [low, Math.min(high, low + size)] : [Math.max(low, high - size), high];
      const ends = { after: cursors[from], before: cursors[to], [forwards ? 'first' : 'last']: size };
      const page = await readPage(settled, 'aiSessions', { filter: by, orderBy, ...ends });
      // Beyond a cursor, another page is taken for granted.
      const around = {
        hasPreviousPage: ends.after !== undefined || start > low,
        hasNextPage: ends.before !== undefined || end < high,
      };
      expect(page).toMatchObject({ ids: all.slice(start, end), totalCount: all.length, ...around });
    }),
    { numRuns },
  );
});

test.each([1, 2])('a cursor works on after its row, number %i, was deleted', async (first) => {
  const ids = await createSessions(4);
  const { endCursor } = await list({ first });
  await changing.graphql('mutation ($id: ID!) { deleteAISession(id: $id) }', { id: ids[first - 1] });
  const rest = { ids: ids.slice(first), hasPreviousPage: true, hasNextPage: false };
  expect(await list({ after: endCursor })).toMatchObject(rest);
});

test('pages stay as they are while sessions are created', async () => {
  const ids = await createSessions(5);
  const { endCursor } = await list({ first: 2 });
  await createSessions(3);
  expect(await list({ first: 2, after: endCursor })).toMatchObject({ ids: ids.slice(2, 4) });
});

test('an empty list has no cursors', async () => {
  expect(await list({})).toMatchObject({ ids: [], totalCount: 0, startCursor: null, endCursor: null });
});

test('a page has the 25 newest sessions where nothing else is asked for', async () => {
  const ids = await createSessions(27);
  expect(await list({})).toMatchObject({ ids: ids.slice(0, 25), hasNextPage: true, hasPreviousPage: false });
});

function refused(name: string, field = '') {
  return { status: 200, data: { [name]: null }, errors: [{ extensions: { code: 'BAD_USER_INPUT', field } }] };
}

test.each(['after', 'before'])('whatever text is given as "%s", it is refused unless it is a cursor', (name) =>
  fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), fc.boolean(), async (text, isEncoded) => {
      const cursor = isEncoded ? Buffer.from(`dateCreated ${text}`).toString('base64url') : text;
      const operation = `query ($cursor: String) { aiSessions(${name}: $cursor) { totalCount } }`;
      expect(await settled.graphql(operation, { cursor })).toMatchObject(refused('aiSessions', name));
    }),
    { numRuns },
  ),
);

test('a cursor from another order is refused', async () => {
  const { endCursor } = await readPage(settled, 'aiSessions', { orderBy: { field: 'DATE_LAST_MODIFIED' } });
  const answer = await settled.graphql(`{ aiSessions(after: "${endCursor}") { totalCount } }`);
  expect(answer).toMatchObject(refused('aiSessions', 'after'));
});

test.each([2, 100])('a page of %i sessions takes one statement, and totalCount one more', async (first) => {
  await createSessions(100);
  const counts = [];
  for (const totalCount of ['', 'totalCount']) {
    const before = countStatements(changing);
    const page = `aiSessions(filter: $filter, first: ${first}) { edges { node { accountName } } ${totalCount} }`;
    const { data } = await changing.graphql(`query ($filter: AISessionFilter) { ${page} }`, { filter });
    expect(data.aiSessions.edges).toHaveLength(first);
    counts.push(countStatements(changing) - before);
  }
  expect(counts).toEqual([1, 2]);
});
