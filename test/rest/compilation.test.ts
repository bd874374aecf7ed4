import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeSession, send } from '../support/rest-request.ts';
import { createAccount, startTestServer, type TestServer } from '../support/test-server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({}, undefined, 0);
});
afterAll(() => server.stop());

async function useEveryOperation(): Promise<void> {
  const accountId = await createAccount(server, 'Acme');
  const { id } = await makeSession(server, { accountId, purpose: 'x', idempotencyKey: null });
  await makeSession(server);
  await send(server, 'POST', '/accounts', { body: { name: 'Other' } });
  await send(server, 'GET', `/accounts/${accountId}`);
  await send(server, 'GET', '/accounts?all=true');
  await send(server, 'GET', `/ai/sessions?accountIds=${accountId}&page=0&countPerPage=10&sortOrder=Ascend`);
  await send(server, 'GET', '/ai/sessions?simplifiedPaging=true&sortField=dateLastModified');
  await send(server, 'GET', `/ai/sessions/${id}`);
  await send(server, 'PATCH', `/ai/sessions/${id}`, { body: { purpose: 'y' } });
  await send(server, 'DELETE', `/ai/sessions/${id}`);
}

test('every operation runs compiled from its second use, but for a change, whose purpose may be left out', async () => {
  await useEveryOperation();
  await useEveryOperation();
  const lines = server.logLines();
  const compiled = lines.filter(({ msg }) => msg === 'operation compiled').map(({ operation }) => operation);
  expect(compiled).toEqual(
    expect.arrayContaining([
      'NewAISession',
      'GetAISession',
      'ListAISessions',
      'DeleteAISession',
      'NewAccount',
      'GetAccount',
      'ListAccounts',
    ]),
  );
  expect(lines.filter(({ msg }) => msg === 'operation not run compiled')).toEqual([]);
});
