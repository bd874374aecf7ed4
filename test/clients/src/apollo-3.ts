import { ApolloClient, ApolloError, ApolloLink, HttpLink, InMemoryCache, from } from 'apollo-client-3/core';
import { createPersistedQueryLink } from 'apollo-client-3/link/persisted-queries';
import { RetryLink } from 'apollo-client-3/link/retry';
import { getMainDefinition, relayStylePagination } from 'apollo-client-3/utilities';
import { authorization, present, type Client, type Connection } from '../client';
import { sha256 } from '../sha256';
import { DeleteSession, ListSessions, NewSession, PatchSession } from './operations';

// A mutation may have been carried out though its answer got lost: only with a key can it be sent again.
const retry = new RetryLink({
  delay: (count, _operation, error) => {
    const [first] = error.graphQLErrors ?? error.result?.errors ?? [];
    return 1000 * (first ? Number(first.extensions.retryAfter) : 0.3 * 2 ** count) * (1 + Math.random());
  },
  attempts: (count, { query, variables }, error) => {
    const definition = getMainDefinition(query);
    const isQuery = definition.kind === 'OperationDefinition' && definition.operation === 'query';
    // An error with a result is the server's answer, with a status such as 401. One of 503 can be tried again.
    const isAnswer = error.result && error.statusCode !== 503;
    return count < 5 && !isAnswer && (isQuery || Boolean(variables['input']?.idempotencyKey));
  },
});

// RetryLink sees what is thrown; this error is an answer, but one that can be tried again.
const throwUnavailable = new ApolloLink((operation, forward) =>
  forward(operation).map((result) => {
    const isUnavailable = result.errors?.some(({ extensions }) => extensions?.['code'] === 'SERVICE_UNAVAILABLE');
    if (isUnavailable) throw new ApolloError({ graphQLErrors: result.errors ?? [] });
    return result;
  }),
);

export function connect({ url, token, fetch }: Connection): Client {
  const http = new HttpLink({ uri: url, fetch, headers: authorization(token) });
  const client = new ApolloClient({
    link: from([createPersistedQueryLink({ sha256 }), retry, throwUnavailable, http]),
    cache: new InMemoryCache({
      typePolicies: { Query: { fields: { aiSessions: relayStylePagination(['filter', 'orderBy']) } } },
    }),
  });
  return {
    async create(input) {
      const { data } = await client.mutate({ mutation: NewSession, variables: { input } });
      const session = present(data?.newAISession);
      return { ...session, dateCreated: new Date(session.dateCreated) };
    },
    async list(accountId, pageSize) {
      const pages = client.watchQuery({ query: ListSessions, variables: { accountId, first: pageSize } });
      const subscription = pages.subscribe(() => {});
      let { data } = await pages.refetch();
      while (data.aiSessions?.pageInfo.hasNextPage) {
        ({ data } = await pages.fetchMore({ variables: { after: data.aiSessions.pageInfo.endCursor } }));
      }
      const { aiSessions } = present(client.readQuery({ query: ListSessions, variables: { accountId } }));
      subscription.unsubscribe();
      return present(aiSessions).edges.map(({ node }) => node.id);
    },
    async patch(id, purpose) {
      const { data } = await client.mutate({ mutation: PatchSession, variables: { input: { id, purpose } } });
      return data?.patchAISession?.purpose;
    },
    async remove(id) {
      const { data } = await client.mutate({ mutation: DeleteSession, variables: { id } });
      client.cache.evict({ id: present(client.cache.identify({ __typename: 'AISessionInfo', id })) });
      return data?.deleteAISession;
    },
    codeOf(error) {
      if (!(error instanceof ApolloError)) return undefined;
      const { graphQLErrors, networkError } = error;
      if (graphQLErrors[0]) return graphQLErrors[0].extensions?.['code'];
      // What was refused before it was executed comes with an HTTP status.
      const result = networkError && 'result' in networkError ? networkError.result : undefined;
      return typeof result === 'object' ? result['errors'][0].extensions.code : undefined;
    },
  };
}
