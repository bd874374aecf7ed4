import { deleteAiSession, getAiSession, listAiSessions, newAiSession, patchAiSession } from './generated/hey-api';
import { createClient } from './generated/hey-api/client';
import { outcomeOf, type RestClient, type RestConnection } from './rest-client';

export function connect({ origin, token }: RestConnection): RestClient {
  const client = createClient({ baseUrl: origin, ...(token && { auth: token }) });
  return {
    async create(body, idempotencyKey) {
      return outcomeOf(await newAiSession({ client, body, headers: { 'Idempotency-Key': idempotencyKey } }));
    },
    async get(sessionId) {
      return outcomeOf(await getAiSession({ client, path: { sessionId } }));
    },
    async list(accountIds, countPerPage) {
      return outcomeOf(await listAiSessions({ client, query: { accountIds, countPerPage } }));
    },
    async patch(sessionId, purpose) {
      return outcomeOf(await patchAiSession({ client, path: { sessionId }, body: { purpose } }));
    },
    async remove(sessionId) {
      return outcomeOf({ ...(await deleteAiSession({ client, path: { sessionId } })), data: sessionId });
    },
  };
}
