import { describe, expect, inject, test } from 'vitest';
import { makeLossyFetch } from './lossy-fetch';
import { makeAccount } from './make-account';
import * as apollo3 from './src/apollo-3';
import * as apollo4 from './src/apollo-4';
import * as urql from './src/urql';

const url = inject('url');
const token = inject('token');

describe.each([
  ['Apollo Client 4', apollo4],
  ['Apollo Client 3', apollo3],
  ['urql with graphcache', urql],
])('%s', (_name, { connect }) => {
  test('persisted queries: sends the text when the hash is refused, and from then on', async () => {
    const { fetch: recordingFetch, sent } = makeLossyFetch(() => false);
    const accountId = await makeAccount();
    const client = connect({ url, token, fetch: recordingFetch });
    expect(await client.list(accountId, 2)).toEqual([]);
    await client.create({ accountId, purpose: 'Billing' });
    expect(sent.map((request) => (request.includes('persistedQuery') ? 'hash' : 'text'))).toEqual([
      'hash',
      'text',
      'text',
    ]);
  });
});
