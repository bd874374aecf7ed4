import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeSession, readFailure, readList, readSession, send, type Session } from '../support/rest-request.ts';
import { createAccount, startTestServer, type TestServer } from '../support/test-server.ts';

let server: TestServer;
let accountId: string;
let sessions: Session[];
let ids: [string, string];

beforeAll(async () => {
  server = await startTestServer();
  accountId = await createAccount(server, 'Acme, "Inc"');
  await createAccount(server, 'Acme');
  const [first, second] = [await makeSession(server, { accountId }), await makeSession(server, { accountId })];
  await makeSession(server);
  sessions = [second, first];
  ids = [first.id, second.id];
});
afterAll(() => server.stop());

const withoutDashes = (id: string) => id.replaceAll('-', '');

/** The same as name and value of a query string or a form. */
const lists: [string, () => [string, string][]][] = [
  ['by commas', () => [['specificIds', ids.join(',')]]],
  ['by commas and blanks', () => [['specificIds', ids.join(', ')]]],
  ['in brackets', () => [['specificIds', `[${ids.join(',')}]`]]],
  ['in JSON', () => [['specificIds', JSON.stringify(ids)]]],
  ['in JSON with blanks', () => [['specificIds', `[ "${ids.join('", "')}" ]`]]],
  ['as Python prints it', () => [['specificIds', `['${ids.join("', '")}']`]]],
  ['in quotes', () => [['specificIds', `"${ids.join('","')}"`]]],
  ['by repeated names', () => ids.map((id) => ['specificIds', id])],
  [
    'by repeated names in other cases',
    () => [
      ['specificIds', ids[0]],
      ['SPECIFICIDS', ids[1]],
    ],
  ],
  ['by names in brackets', () => ids.map((id) => ['specificIds[]', id])],
  ['by numbered names', () => ids.map((id, index) => [`specificIds[${index}]`, id])],
  ['by names with other brackets', () => ids.map((id, index) => [`specificIds[${'ab'[index]}][]`, id])],
  ['by names with dots', () => ids.map((id, index) => [`specificIds.${index}`, id])],
  ['without dashes', () => [['specificIds', ids.map(withoutDashes).join(',')]]],
  ['in braces', () => [['specificIds', `[${ids.map((id) => `{${id}}`).join(',')}]`]]],
  ['with empty names beside', () => [['specificIds', ''], ...ids.map((id): [string, string] => ['specificIds', id])]],
];

describe.each(lists)('a list of ids that is written %s', (_form, entries) => {
  const search = () => new URLSearchParams(entries()).toString();

  test('is understood in a query string', async () => {
    const answer = await send(server, 'GET', `/ai/sessions?${search()}`);
    expect(readList(answer).items).toEqual(sessions);
  });

  test('is understood in a form', async () => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const answer = await send(server, 'POST', '/api/ListAISessions', { body: search(), headers });
    expect(readList(answer).items).toEqual(sessions);
  });
});

test.each(['accountIds[]', 'accountIds[x]', 'accountIds[0][]', 'accountIds.0', 'accountIds[] '])(
  'a list of accounts by the name "%s" is no list of all sessions',
  async (name) => {
    const answer = await send(server, 'GET', `/ai/sessions?${encodeURIComponent(name)}=${accountId}`);
    expect(readList(answer).items).toEqual(sessions);
  },
);

test.each(['x', '[x]', 'accountIds'])('a list with %s, which is no id, is refused', async (value) => {
  const answer = await send(server, 'GET', `/ai/sessions?accountIds=${accountId}&accountIds=${value}`);
  expect(answer.status).toBe(400);
  expect(readFailure(answer).errors).toMatchObject([{ fieldName: 'accountIds' }]);
});

describe.each([
  ['N', withoutDashes],
  ['N in capitals', (id: string) => withoutDashes(id).toUpperCase()],
  ['D in capitals', (id: string) => id.toUpperCase()],
  ['B', (id: string) => `{${id}}`],
  ['B in capitals', (id: string) => `{${id.toUpperCase()}}`],
])('a Guid of .NET in the format %s', (_format, write) => {
  test('finds, changes and deletes a session', async () => {
    const { id } = await makeSession(server, { accountId: write(accountId) });
    const path = `/ai/sessions/${encodeURIComponent(write(id))}`;
    expect(readSession(await send(server, 'GET', path))).toMatchObject({ id, accountId });
    const byName = await send(server, 'POST', '/json/reply/GetAISession', { body: { sessionId: write(id) } });
    expect(readSession(byName).id).toBe(id);
    expect(readSession(await send(server, 'PATCH', path, { body: { purpose: 'x' } })).purpose).toBe('x');
    expect((await send(server, 'DELETE', path)).status).toBe(204);
  });

  test('finds an account, and the sessions of one', async () => {
    const account = await send(server, 'GET', `/accounts/${encodeURIComponent(write(accountId))}`);
    expect(JSON.parse(account.text)).toMatchObject({ id: accountId });
    const body = { accountIds: [write(accountId)], specificIds: ids.map(write) };
    expect(readList(await send(server, 'POST', '/api/ListAISessions', { body })).items).toEqual(sessions);
  });
});

test.each(['{ID', 'ID}', '(ID)', '0ID', 'ID0', '{{ID}}', '"ID"'])('%s is no id', async (form) => {
  const body = { accountId: form.replace('ID', accountId) };
  const answer = await send(server, 'POST', '/ai/sessions', { body });
  expect(answer.status).toBe(400);
  expect(readFailure(answer).errors).toMatchObject([{ fieldName: 'accountId' }]);
});

test('GraphQL takes ids with dashes alone', async () => {
  const { errors } = await server.graphql('query ($id: ID!) { account(id: $id) { id } }', {
    id: withoutDashes(accountId),
  });
  expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
});

test.each([
  ['Acme', 2],
  ['"Acme, ""Inc"""', 1],
  ['Acme, "Inc"', 1],
  ['"Acme"', 2],
  ['""', 2],
  ['"Inc', 1],
])('a name to filter by loses the quotes of JSV: %s', async (nameFilter, count) => {
  const answer = await send(server, 'GET', `/accounts?${new URLSearchParams({ nameFilter }).toString()}`);
  expect(readList(answer).totalCount).toBe(count);
});
