import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client';
import { beforeEach, describe, expect, inject, test } from 'vitest';
import { authorization } from './client';
import { makeAccount } from './make-account';
import * as relay from './relay/relay';
import { ListSessions, NewSession } from './src/operations';
import { typePolicies } from './src/type-policies';
import * as urql from './src/urql';

const url = inject('url');
const token = inject('token');
let accountId: string;

beforeEach(async () => {
  accountId = await makeAccount();
});

describe('Apollo Client 4', () => {
  test.each([
    ['fetchMore adds a page to the list on the screen, with the type policies', { typePolicies }, ['b', 'a']],
    ['fetchMore shows nothing new without them', {}, ['b']],
  ])('%s', async (_what, options, expected) => {
    const client = new ApolloClient({
      link: new HttpLink({ uri: url, fetch, headers: authorization(token) }),
      cache: new InMemoryCache(options),
    });
    for (const purpose of ['a', 'b']) {
      await client.mutate({ mutation: NewSession, variables: { input: { accountId, purpose } } });
    }
    const query = { query: ListSessions, variables: { accountId, first: 1 } };
    const list = client.watchQuery(query);
    const subscription = list.subscribe(() => {});
    const { data } = await list.refetch();
    await list.fetchMore({ variables: { after: data?.aiSessions?.pageInfo.endCursor } });
    const shown = client.readQuery(query);
    subscription.unsubscribe();
    expect(shown?.aiSessions?.edges.map(({ node }) => node.purpose)).toEqual(expected);
  });
});

describe('urql with graphcache', () => {
  test('a list on the screen shows what was created', async () => {
    const client = urql.makeUrqlClient({ url, token, fetch });
    const shown: string[][] = [];
    const { unsubscribe } = client.query(ListSessions, { accountId, first: 2 }).subscribe(({ data }) => {
      shown.push(data?.aiSessions?.edges.map(({ node }) => String(node.purpose)) ?? []);
    });
    await expect.poll(() => shown.at(-1)).toEqual([]);
    await client.mutation(NewSession, { input: { accountId, purpose: 'Billing' } });
    await expect.poll(() => shown.at(-1)).toEqual(['Billing']);
    unsubscribe();
  });
});

describe('Relay', () => {
  test('@prependNode adds to the connection in the store', async () => {
    const client = relay.connect({ url, token, fetch });
    const first = await client.create({ accountId, purpose: 'a' });
    expect(await client.list(accountId, 2)).toEqual([first.id]);
    const second = await client.create({ accountId, purpose: 'b' });
    expect(client.stored(accountId)).toEqual([second.id, first.id]);
  });

  test('@deleteEdge removes from the connection in the store', async () => {
    const client = relay.connect({ url, token, fetch });
    const ids = [await client.create({ accountId, purpose: 'a' }), await client.create({ accountId, purpose: 'b' })];
    await client.list(accountId, 2);
    await client.remove(ids[0]?.id ?? '');
    expect(client.stored(accountId)).toEqual([ids[1]?.id]);
  });

  test('@refetchable: reads one session again, by node', async () => {
    const client = relay.connect({ url, token, fetch });
    const { id } = await client.create({ accountId, purpose: 'a' });
    await relay.connect({ url, token, fetch }).patch(id, 'b');
    expect(await client.refetch(id)).toBe('b');
  });
});
