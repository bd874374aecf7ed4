import createClient from 'openapi-fetch';
import { authorization } from '../client';
import type { paths } from './generated/openapi-typescript';
import { outcomeOf, type RestClient, type RestConnection } from './rest-client';

export function connect({ origin, token }: RestConnection): RestClient {
  const client = createClient<paths>({ baseUrl: origin, headers: authorization(token) });
  return {
    async create(body, idempotencyKey) {
      const params = { header: { 'Idempotency-Key': idempotencyKey } };
      return outcomeOf(await client.POST('/ai/sessions', { params, body }));
    },
    async get(sessionId) {
      return outcomeOf(await client.GET('/ai/sessions/{sessionId}', { params: { path: { sessionId } } }));
    },
    async list(accountIds, countPerPage) {
      return outcomeOf(await client.GET('/ai/sessions', { params: { query: { accountIds, countPerPage } } }));
    },
    async patch(sessionId, purpose) {
      const params = { path: { sessionId } };
      return outcomeOf(await client.PATCH('/ai/sessions/{sessionId}', { params, body: { purpose } }));
    },
    async remove(sessionId) {
      const answer = await client.DELETE('/ai/sessions/{sessionId}', { params: { path: { sessionId } } });
      return outcomeOf({ ...answer, data: sessionId });
    },
  };
}
