import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../support/test-server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const audits = serverAudits({ url: () => `${server.url}/graphql` });

test('there are 61 audits', () => {
  expect(audits).toHaveLength(61);
});

test.each(audits)('$id: $name', async ({ fn }) => {
  const { reason, status } = { reason: undefined, ...(await fn()) };
  expect({ status, reason }).toEqual({ status: 'ok', reason: undefined });
});
