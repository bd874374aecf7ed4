import { describe, expect, inject, test } from 'vitest';
import { makeAccount } from './make-account';
import * as apollo3 from './src/apollo-3';
import * as apollo4 from './src/apollo-4';
import * as graphqlRequest from './src/graphql-request';
import * as urql from './src/urql';

const url = inject('url');
const token = inject('token');
const errors = [{ message: 'The server is busy.', extensions: { code: 'SERVICE_UNAVAILABLE', retryAfter: 1 } }];

describe.each([
  ['Apollo Client 4', apollo4],
  ['Apollo Client 3', apollo3],
  ['urql with graphcache', urql],
  ['graphql-request', graphqlRequest],
])('%s', (_name, { connect }) => {
  test.concurrent.each([
    ['in an answer of 200', 200, { data: { newAISession: null }, errors }],
    ['in an answer of 503', 503, { errors }],
  ])('retries after SERVICE_UNAVAILABLE %s, not before `retryAfter`', async (_where, status, body) => {
    const accountId = await makeAccount();
    const sentAt: number[] = [];
    // The server is never busy here, so the first answer is made up.
    const busyFetch: typeof fetch = async (input, init) => {
      sentAt.push(performance.now());
      const headers = { 'Content-Type': 'application/graphql-response+json' };
      return sentAt.length === 1 ? new Response(JSON.stringify(body), { status, headers }) : fetch(input, init);
    };
    const client = connect({ url, token, fetch: busyFetch });
    const { id } = await client.create({ accountId, purpose: 'Billing', idempotencyKey: crypto.randomUUID() });
    const [first = 0, second = 0] = sentAt;
    expect(second - first).toBeGreaterThan(990);
    expect(await client.list(accountId, 2)).toEqual([id]);
  });
});
