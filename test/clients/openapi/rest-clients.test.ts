import { beforeEach, describe, expect, inject, test } from 'vitest';
import { makeAccount } from '../make-account';
import * as heyApi from './hey-api';
import * as openapiFetch from './openapi-fetch';
import * as orval from './orval';
import type { Outcome, RestClient, RestConnection } from './rest-client';

const clients: Record<string, { connect: (connection: RestConnection) => RestClient }> = {
  'openapi-typescript with openapi-fetch': openapiFetch,
  'hey-api': heyApi,
  orval,
};

const { origin } = new URL(inject('url'));
const token = inject('token');

function valueOf<Value>(outcome: Outcome<Value>): Value {
  if (outcome.kind === 'refused') throw new Error(`the request was refused: ${outcome.errorCode}`);
  return outcome.value;
}

describe.each(Object.entries(clients))('%s', (_name, { connect }) => {
  const client = connect({ origin, token });
  let accountId: string;

  const create = async (purpose: string) => valueOf(await client.create({ accountId, purpose }, crypto.randomUUID()));

  beforeEach(async () => {
    accountId = await makeAccount();
  });

  test('creates a session, once for a key', async () => {
    const key = crypto.randomUUID();
    const session = valueOf(await client.create({ accountId, purpose: 'Billing' }, key));
    expect(session).toMatchObject({ id: expect.stringMatching(/^[\da-f-]{36}$/), accountId, purpose: 'Billing' });
    expect(valueOf(await client.create({ accountId, purpose: 'Billing' }, key))).toEqual(session);
  });

  test('gets a session', async () => {
    const session = await create('Billing');
    expect(valueOf(await client.get(session.id))).toEqual(session);
  });

  test('lists sessions', async () => {
    const ids = [(await create('a')).id, (await create('b')).id].toReversed();
    expect(valueOf(await client.list([accountId], 2))).toMatchObject({
      items: ids.map((id) => ({ id })),
      hasMorePages: false,
    });
  });

  test('lists the sessions of two accounts', async () => {
    const mine = await create('a');
    const input = { accountId: await makeAccount(), purpose: 'b' };
    const theirs = valueOf(await client.create(input, crypto.randomUUID()));
    await client.create({ accountId: await makeAccount(), purpose: 'c' }, crypto.randomUUID());
    const { items } = valueOf(await client.list([accountId, input.accountId], 5));
    expect(items.map(({ id }) => id)).toEqual([theirs.id, mine.id]);
  });

  test('patches', async () => {
    const { id } = await create('Billing');
    expect(valueOf(await client.patch(id, 'Support'))).toMatchObject({ id, purpose: 'Support' });
  });

  test('deletes, and is told that nothing is there', async () => {
    const { id } = await create('Billing');
    expect(valueOf(await client.remove(id))).toBe(id);
    const nothing = { kind: 'refused', status: 404, errorCode: 'NotFound' };
    expect([await client.get(id), await client.remove(id)]).toEqual([nothing, nothing]);
  });

  test('is refused for bad input, and without a token', async () => {
    const creation = (sender: RestClient) => sender.create({ accountId: 'none', purpose: 'Billing' }, 'key');
    expect(await creation(client)).toEqual({ kind: 'refused', status: 400, errorCode: 'BadRequest' });
    expect(await creation(connect({ origin }))).toEqual({ kind: 'refused', status: 401, errorCode: 'Unauthorized' });
  });
});
