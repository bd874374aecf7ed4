import { beforeEach, describe, expect, inject, test } from 'vitest';
import type { Client, Connection } from './client';
import * as genql from './genql/genql';
import * as gqlTada from './gql-tada/gql-tada';
import { makeLossyFetch } from './lossy-fetch';
import { makeAccount } from './make-account';
import * as relay from './relay/relay';
import * as apollo3 from './src/apollo-3';
import * as apollo4 from './src/apollo-4';
import * as graphqlRequest from './src/graphql-request';
import * as urql from './src/urql';

const clients: Record<string, { connect: (connection: Connection) => Client }> = {
  'Apollo Client 4': apollo4,
  'Apollo Client 3': apollo3,
  'urql with graphcache': urql,
  Relay: relay,
  'graphql-request': graphqlRequest,
  'gql.tada with fetch': gqlTada,
  genql,
};

const url = inject('url');
const token = inject('token');

describe.each(Object.entries(clients))('%s', (_name, { connect }) => {
  let accountId: string;
  let client: Client;

  const newSession = (purpose: string) => ({ accountId, purpose, idempotencyKey: crypto.randomUUID() });

  beforeEach(async () => {
    accountId = await makeAccount();
    client = connect({ url, token, fetch });
  });

  test('creates a session', async () => {
    const session = await client.create(newSession('Billing'));
    expect(session).toMatchObject({ id: expect.stringMatching(/^[\da-f-]{36}$/), purpose: 'Billing' });
    expect(Math.abs(Date.now() - session.dateCreated.getTime())).toBeLessThan(60_000);
  });

  test('lists to the end, page by page', async () => {
    const ids: string[] = [];
    for (const purpose of ['a', 'b', 'c', 'd', 'e']) ids.unshift((await client.create(newSession(purpose))).id);
    expect(await client.list(accountId, 2)).toEqual(ids);
  });

  test('patches', async () => {
    const { id } = await client.create(newSession('Billing'));
    expect(await client.patch(id, 'Support')).toBe('Support');
  });

  test('deletes', async () => {
    const { id } = await client.create(newSession('Billing'));
    expect(await client.remove(id)).toBe(id);
    expect(await client.list(accountId, 2)).toEqual([]);
  });

  test('retries after a lost answer, and creates once', async () => {
    const { fetch: lossyFetch, sent } = makeLossyFetch();
    const { id } = await connect({ url, token, fetch: lossyFetch }).create(newSession('Billing'));
    expect(sent.filter((body) => body.includes('newAISession'))).toHaveLength(2);
    expect(await client.list(accountId, 2)).toEqual([id]);
  });

  test('does not retry without an idempotencyKey', async () => {
    const { fetch: lossyFetch, sent } = makeLossyFetch();
    const creation = connect({ url, token, fetch: lossyFetch }).create({ accountId, purpose: 'Billing' });
    await expect(creation).rejects.toThrow('fetch failed');
    expect(sent.filter((body) => body.includes('newAISession'))).toHaveLength(1);
  });

  test('reads the code of bad input', async () => {
    const error = await client
      .create({ ...newSession('Billing'), accountId: 'none' })
      .catch((reason: unknown) => reason);
    expect(client.codeOf(error)).toBe('BAD_USER_INPUT');
  });

  test('reads the code without a token', async () => {
    const error = await connect({ url, fetch })
      .create(newSession('Billing'))
      .catch((reason: unknown) => reason);
    expect(client.codeOf(error)).toBe('UNAUTHENTICATED');
  });

  test('reads the code with a bad token, without a retry', async () => {
    const { fetch: recordingFetch, sent } = makeLossyFetch(() => false);
    const stranger = connect({ url, token: 'bad', fetch: recordingFetch });
    const error = await stranger.create(newSession('Billing')).catch((reason: unknown) => reason);
    expect(client.codeOf(error)).toBe('UNAUTHENTICATED');
    expect(sent).toHaveLength(1);
  });
});
