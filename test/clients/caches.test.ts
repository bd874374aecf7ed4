import { beforeEach, describe, expect, inject, test } from 'vitest';
import { ListSessions, NewSession } from './codegen/operations';
import * as urql from './codegen/urql';
import { makeAccount } from './make-account';
import * as relay from './relay/relay';

const url = inject('url');
const token = inject('token');
let accountId: string;

beforeEach(async () => {
  accountId = await makeAccount();
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
