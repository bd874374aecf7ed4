import { ClientError, GraphQLClient } from 'graphql-request';
import { authorization, present, type Client, type Connection } from '../client';
import { DeleteSession, ListSessions, NewSession, PatchSession } from './operations';
import { withRetries } from './with-retries';

export function connect({ url, token, fetch }: Connection): Client {
  const client = new GraphQLClient(url, { fetch, headers: authorization(token) });
  return {
    async create(input) {
      const send = () => client.request(NewSession, { input });
      // Without a key, it might be carried out twice.
      const { newAISession } = await (input.idempotencyKey ? withRetries(send) : send());
      const session = present(newAISession);
      return { ...session, dateCreated: new Date(session.dateCreated) };
    },
    async list(accountId, pageSize) {
      const ids: string[] = [];
      let after: string | null = null;
      do {
        const variables: { accountId: string; first: number; after: string | null } = {
          accountId,
          first: pageSize,
          after,
        };
        const page = present((await client.request(ListSessions, variables)).aiSessions);
        ids.push(...page.edges.map(({ node }) => node.id));
        after = page.pageInfo.hasNextPage ? present(page.pageInfo.endCursor) : null;
      } while (after);
      return ids;
    },
    async patch(id, purpose) {
      return (await client.request(PatchSession, { input: { id, purpose } })).patchAISession?.purpose;
    },
    async remove(id) {
      return (await client.request(DeleteSession, { id })).deleteAISession;
    },
    codeOf: (error) => (error instanceof ClientError ? error.response.errors?.[0]?.extensions['code'] : undefined),
  };
}
