import { describe, expect, inject, test } from 'vitest';
import * as apollo3 from './codegen/apollo-3';
import * as apollo4 from './codegen/apollo-4';
import * as urql from './codegen/urql';
import { makeAccount } from './make-account';

const url = inject('url');
const token = inject('token');
const errors = [{ message: 'The server is busy.', extensions: { code: 'SERVICE_UNAVAILABLE', retryAfter: 1 } }];

describe.each([
  ['Apollo Client 4', apollo4],
  ['Apollo Client 3', apollo3],
  ['urql with graphcache', urql],
])('%s', (_name, { connect }) => {
  test.each([
    ['in an answer of 200', 200, { data: { newAISession: null }, errors }],
    ['in an answer of 503', 503, { errors }],
  ])('retries after SERVICE_UNAVAILABLE %s', async (_where, status, body) => {
    const accountId = await makeAccount();
    let count = 0;
    // The server is never busy here, so the first answer is made up.
    const busyFetch: typeof fetch = async (input, init) => {
      count++;
      const headers = { 'Content-Type': 'application/graphql-response+json' };
      return count === 1 ? new Response(JSON.stringify(body), { status, headers }) : fetch(input, init);
    };
    const client = connect({ url, token, fetch: busyFetch });
    const { id } = await client.create({ accountId, purpose: 'Billing', idempotencyKey: crypto.randomUUID() });
    expect(count).toBeGreaterThan(1);
    expect(await client.list(accountId, 2)).toEqual([id]);
  });
});
