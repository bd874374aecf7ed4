import { authorization } from '../client';
import { deleteAISession, getAISession, listAISessions, newAISession, patchAISession } from './generated/orval';
import { done, refused, type RestClient, type RestConnection } from './rest-client';

export function connect({ token }: RestConnection): RestClient {
  const options = { headers: authorization(token) };
  return {
    async create(body, idempotencyKey) {
      const headers = { ...options.headers, 'Idempotency-Key': idempotencyKey };
      const { status, data } = await newAISession(body, { headers });
      return status === 200 ? done(data) : refused(status, data);
    },
    async get(sessionId) {
      const { status, data } = await getAISession(sessionId, options);
      return status === 200 ? done(data) : refused(status, data);
    },
    async list(accountIds, countPerPage) {
      const { status, data } = await listAISessions({ accountIds, countPerPage }, options);
      return status === 200 ? done(data) : refused(status, data);
    },
    async patch(sessionId, purpose) {
      const { status, data } = await patchAISession(sessionId, { purpose }, options);
      return status === 200 ? done(data) : refused(status, data);
    },
    async remove(sessionId) {
      const { status, data } = await deleteAISession(sessionId, options);
      return status === 204 ? done(sessionId) : refused(status, data);
    },
  };
}
