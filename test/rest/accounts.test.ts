import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { query, readFailure, readList, send } from '../support/rest-request.ts';
import { startTestServer, unknownId, type TestServer } from '../support/test-server.ts';

let server: TestServer;
const ids: string[] = [];
const names = ['Acme', 'Ascend', 'Zeta acme', '=Formula', 'Omega'];

const get = (path: string) => send(server, 'GET', path);
const list = async (fields: Parameters<typeof query>[0] = {}) => readList(await get(`/accounts${query(fields)}`));
const namesOf = async (fields: Parameters<typeof query>[0]) => (await list(fields)).items.map(({ id }) => nameOf(id));
const nameOf = (id: string) => names[ids.indexOf(id)];

beforeAll(async () => {
  server = await startTestServer();
  for (const name of names) ids.push(JSON.parse((await send(server, 'POST', '/accounts', { body: { name } })).text).id);
});
afterAll(() => server.stop());

test('POST /accounts creates an account, as its audit fields say', async () => {
  const answer = await send(server, 'POST', '/api/NewAccount', { body: { Name: 'By name' } });
  const account = JSON.parse(answer.text);
  expect(answer.status).toBe(200);
  expect(account).toMatchObject({ name: 'By name', createdBy: 'alice', lastModifiedBy: 'alice' });
  expect(JSON.parse((await get(`/accounts/${account.id}`)).text)).toEqual(account);
});

test('GET /accounts/{accountId} finds an account', async () => {
  expect(JSON.parse((await get(`/accounts/${ids[0]}`)).text)).toMatchObject({ id: ids[0], name: 'Acme' });
});

test('a session can be opened for an account that the list named', async () => {
  const [account] = (await list({ nameFilter: 'Omega' })).items;
  const { text } = await send(server, 'POST', '/ai/sessions', { body: { accountId: account?.id } });
  expect(JSON.parse(text)).toMatchObject({ accountId: account?.id, accountName: 'Omega' });
});

describe('GET /accounts', () => {
  test('lists accounts, oldest first', async () => {
    expect((await namesOf({ specificIds: ids })).slice(0, 5)).toEqual(names);
  });

  test('filters by a part of the name, in any case', async () => {
    expect(await namesOf({ nameFilter: 'ACME' })).toEqual(['Acme', 'Zeta acme']);
  });

  test('takes a name for a name, though it is a word of the sort order', async () => {
    expect(await namesOf({ nameFilter: 'Ascend' })).toEqual(['Ascend']);
  });

  test('finds specific accounts', async () => {
    expect(await namesOf({ specificIds: [ids[3] ?? '', ids[1] ?? ''] })).toEqual(['Ascend', '=Formula']);
  });

  test('lists the newest first where it is asked to', async () => {
    expect(await namesOf({ specificIds: ids, sortOrder: 'Descend' })).toEqual(names.toReversed());
  });

  test('has pages and totals', async () => {
    const page = await list({ specificIds: ids, countPerPage: 2, page: 1 });
    expect(page).toMatchObject({ totalCount: 5, totalPages: 3, hasMorePages: true });
    expect(page.items.map(({ id }) => nameOf(id))).toEqual(['Zeta acme', '=Formula']);
  });

  test('answers the whole list at once', async () => {
    expect(await namesOf({ all: true, specificIds: ids })).toEqual(names);
  });

  test('answers CSV with the columns of an account', async () => {
    const { text } = await get(`/accounts.csv${query({ specificIds: ids })}`);
    const [header, ...rows] = text.trimEnd().split('\r\n');
    expect(header).toBe('Name,Id,DateCreated,DateLastModified,CreatedBy,LastModifiedBy');
    expect(rows.map((row) => row.split(',')[0])).toEqual(['Acme', 'Ascend', 'Zeta acme', "'=Formula", 'Omega']);
  });
});

test.each([
  ['POST', '/accounts', {}, 400, 'name'],
  ['POST', '/accounts', { name: '' }, 400, 'name'],
  ['GET', '/accounts/x', undefined, 400, 'accountId'],
  ['GET', `/accounts/${unknownId}`, undefined, 404, 'accountId'],
  ['GET', `/accounts${query({ specificIds: ['x'] })}`, undefined, 400, 'specificIds'],
  ['GET', `/accounts${query({ page: -1 })}`, undefined, 400, 'page'],
] as const)('%s %s with %j is refused with %d by the name of %s', async (method, path, body, status, fieldName) => {
  const answer = await send(server, method, path, { body });
  expect(answer.status).toBe(status);
  expect(readFailure(answer).errors).toMatchObject([{ fieldName }]);
});

test.each([
  ['POST', '/accounts', null, 401],
  ['GET', '/accounts', null, 401],
  ['GET', '/accounts', ['Agent'], 403],
] as const)('%s %s with the roles %j is refused with %d', async (method, path, roles, status) => {
  const token = roles && (await server.tokenFor('bob', [...roles]));
  const answer = await send(server, method, path, { token, body: method === 'POST' ? { name: 'x' } : undefined });
  expect(answer.status).toBe(status);
});
