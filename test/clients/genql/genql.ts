import { authorization, present, type Client, type Connection } from '../client';
import { retryCreation } from '../retry';
import { createClient, GenqlError } from './generated';

export function connect({ url, token, fetch }: Connection): Client {
  const client = createClient({
    // By itself, genql does not read an answer that has a status of an error.
    async fetcher(operation) {
      const headers = { 'Content-Type': 'application/json', ...authorization(token) };
      return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(operation) })).json();
    },
  });

  async function readPage(accountId: string, first: number, after: string | null) {
    const { aiSessions } = await client.query({
      aiSessions: {
        __args: { filter: { accountIds: [accountId] }, first, after },
        edges: { node: { id: true } },
        pageInfo: { hasNextPage: true, endCursor: true },
      },
    });
    return present(aiSessions);
  }

  return {
    async create(input) {
      const fields = { id: true, purpose: true, accountName: true, dateCreated: true } as const;
      const { newAISession } = await retryCreation(
        input,
        () => client.mutation({ newAISession: { __args: { input }, ...fields } }),
        isAnswer,
      );
      const session = present(newAISession);
      return { ...session, dateCreated: new Date(session.dateCreated) };
    },
    async list(accountId, first) {
      const ids: string[] = [];
      let after: string | null = null;
      do {
        const page = await readPage(accountId, first, after);
        ids.push(...page.edges.map(({ node }) => node.id));
        after = page.pageInfo.hasNextPage ? present(page.pageInfo.endCursor) : null;
      } while (after);
      return ids;
    },
    async patch(id, purpose) {
      const { patchAISession } = await client.mutation({
        patchAISession: { __args: { input: { id, purpose } }, purpose: true },
      });
      return patchAISession?.purpose;
    },
    async remove(id) {
      return (await client.mutation({ deleteAISession: { __args: { id } } })).deleteAISession;
    },
    codeOf: (error) => (isAnswer(error) ? error.errors[0]?.extensions?.['code'] : undefined),
  };
}

const isAnswer = (error: unknown) => error instanceof GenqlError;
