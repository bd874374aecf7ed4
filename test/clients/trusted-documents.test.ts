import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client, Connection } from './client';
import { makeLossyFetch } from './lossy-fetch';
import * as relay from './relay/relay';
import * as apollo4 from './src/apollo-4';
import * as urql from './src/urql';
import { startServer, type Server } from './start-server';

/** The account that a new embedded database has. */
async function demoAccount({ url, token }: Server): Promise<string> {
  const response = await fetch(new URL('/accounts', url), { headers: { Authorization: `Bearer ${token}` } });
  return (await response.json()).items[0].id;
}

describe.each<[string, string, (connection: Connection) => Client]>([
  ['Apollo Client 4', 'src/gql/persisted-documents.json', apollo4.connect],
  ['urql with graphcache', 'src/gql/persisted-documents.json', urql.connect],
  ['Relay', 'relay/persisted.json', relay.connect],
])('%s', (_name, manifest, connect) => {
  let server: Server;

  beforeAll(async () => {
    const TRUSTED_DOCUMENTS = new URL(manifest, import.meta.url).pathname;
    server = await startServer({ TRUSTED_DOCUMENTS, TRUSTED_DOCUMENTS_ONLY: 'on' });
  });
  afterAll(() => server.stop());

  test('trusted documents: creates and lists by the IDs of its documents alone', async () => {
    const accountId = await demoAccount(server);
    const { fetch: recordingFetch, sent } = makeLossyFetch(() => false);
    const client = connect({ ...server, fetch: recordingFetch, isTrusted: true });
    const { id, purpose } = await client.create({ accountId, purpose: 'Billing' });
    expect(purpose).toBe('Billing');
    expect(await client.list(accountId, 2)).toEqual([id]);
    expect(sent.filter((request) => 'query' in JSON.parse(request))).toEqual([]);
  });

  test('trusted documents: another document is refused', async () => {
    const accountId = await demoAccount(server);
    const { fetch: changingFetch } = makeLossyFetch(() => false);
    const other: typeof fetch = (input, init) =>
      changingFetch(input, { ...init, body: JSON.stringify({ query: '{ viewer { id } }' }) });
    const client = connect({ ...server, fetch: other, isTrusted: true });
    const refused = client.create({ accountId, purpose: 'Billing' });
    await expect(refused).rejects.toSatisfy((error) => client.codeOf(error) === 'BAD_USER_INPUT');
  });
});
