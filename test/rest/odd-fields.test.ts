import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../support/test-server.ts';

let server: TestServer;
let Authorization: string;

beforeAll(async () => {
  server = await startTestServer();
  Authorization = `Bearer ${await server.tokenFor('alice')}`;
});
afterAll(() => server.stop());

async function post(path: string, body: object, headers: Record<string, string> = { Authorization }) {
  const init = {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
  const response = await fetch(server.url + path, init);
  const { responseStatus } = await response.json();
  return { status: response.status, code: responseStatus?.errorCode };
}

const names = ['page', 'countPerPage', 'sortField', 'sortOrder', 'specificIds', 'accountIds'];

test.each(names)('a %s that is an object with a method of its own is refused', async (name) => {
  const body = { [name]: { toString: 1 } };
  expect(await post('/api/ListAISessions', body)).toEqual({ status: 400, code: 'BadRequest' });
});

test.each(['all', 'simplifiedPaging'])('a %s that is an object or a list is refused', async (name) => {
  for (const value of [{ toString: 1 }, {}, [], [true]])
    expect(await post('/api/ListAISessions', { [name]: value })).toEqual({ status: 400, code: 'BadRequest' });
});

test.each([
  ['ListAISessions', 11],
  ['NewAISession', 1001],
])('%s takes no list of %i items', async (operation, count) => {
  const items = Array.from({ length: count }, () => ({}));
  expect(await post(`/api/${operation}[]`, items)).toEqual({ status: 400, code: 'BadRequest' });
});
