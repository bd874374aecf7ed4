import { Client as UrqlClient, CombinedError, fetchExchange, type OperationResult } from '@urql/core';
import { cacheExchange, type Cache } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import { persistedExchange } from '@urql/exchange-persisted';
import { authorization, present, type Client, type Connection } from '../client';
import { sha256 } from '../sha256';
import schema from './gql/introspection.json';
import { DeleteSession, ListSessions, NewSession, PatchSession } from './operations';
import { retry } from './retry-exchange';
import { trusted } from './trusted-exchange';

const cache = () =>
  cacheExchange({
    schema,
    keys: { AISessionInfoConnection: () => null, AISessionInfoEdge: () => null, PageInfo: () => null },
    resolvers: { Query: { aiSessions: relayPagination() } },
    updates: {
      Mutation: {
        newAISession: (_result, _variables, store) => readListsAgain(store),
        deleteAISession: (_result, { id }, store) => store.invalidate({ __typename: 'AISessionInfo', id: String(id) }),
      },
    },
  });

function readListsAgain(store: Cache): void {
  for (const { fieldName, fieldKey } of store.inspectFields('Query')) {
    if (fieldName === 'aiSessions') store.invalidate('Query', fieldKey);
  }
}

export function makeUrqlClient({ url, token, fetch, isTrusted }: Connection): UrqlClient {
  return new UrqlClient({
    url,
    fetch,
    fetchOptions: { headers: authorization(token) },
    exchanges: [cache(), isTrusted ? trusted : persistedExchange({ generateHash: sha256 }), retry, fetchExchange],
  });
}

export function connect(connection: Connection): Client {
  const client = makeUrqlClient(connection);
  return {
    async create(input) {
      const session = present(dataOf(await client.mutation(NewSession, { input })).newAISession);
      return { ...session, dateCreated: new Date(session.dateCreated) };
    },
    async list(accountId, pageSize) {
      let after: string | null | undefined;
      for (;;) {
        const variables = { accountId, first: pageSize, ...(after && { after }) };
        const page = present(dataOf(await client.query(ListSessions, variables)).aiSessions);
        // relayPagination answers the pages so far as one.
        if (!page.pageInfo.hasNextPage) return page.edges.map(({ node }) => node.id);
        after = page.pageInfo.endCursor;
      }
    },
    async patch(id, purpose) {
      return dataOf(await client.mutation(PatchSession, { input: { id, purpose } })).patchAISession?.purpose;
    },
    async remove(id) {
      return dataOf(await client.mutation(DeleteSession, { id })).deleteAISession;
    },
    codeOf: (error) => (error instanceof CombinedError ? error.graphQLErrors[0]?.extensions['code'] : undefined),
  };
}

function dataOf<Data>({ data, error }: Pick<OperationResult<Data>, 'data' | 'error'>): Data {
  if (error) throw error;
  return present(data);
}
