import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, ServerError } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { RetryLink } from '@apollo/client/link/retry';
import { relayStylePagination } from '@apollo/client/utilities';
import { map } from 'rxjs';
import { authorization, present, type Client, type Connection } from '../client';
import { sha256 } from '../sha256';
import { DeleteSession, ListSessions, NewSession, PatchSession } from './operations';

// A mutation may have been carried out though its answer got lost: only with a key can it be sent again.
const retry = new RetryLink({
  delay: { initial: 300, jitter: true },
  attempts: (count, { operationType, variables }) =>
    count < 5 && (operationType === 'query' || Boolean(variables['input']?.idempotencyKey)),
});

// RetryLink sees what is thrown; this error is an answer, but one that can be tried again.
const throwUnavailable = new ApolloLink((operation, forward) =>
  forward(operation).pipe(
    map((result) => {
      const isUnavailable = result.errors?.some(({ extensions }) => extensions?.['code'] === 'SERVICE_UNAVAILABLE');
      if (isUnavailable) throw new CombinedGraphQLErrors(result);
      return result;
    }),
  ),
);

export function connect({ url, token, fetch }: Connection): Client {
  const http = new HttpLink({ uri: url, fetch, headers: authorization(token) });
  const client = new ApolloClient({
    link: ApolloLink.from([new PersistedQueryLink({ sha256 }), retry, throwUnavailable, http]),
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
      while (data?.aiSessions?.pageInfo.hasNextPage) {
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
      if (CombinedGraphQLErrors.is(error)) return error.errors[0]?.extensions?.['code'];
      if (ServerError.is(error)) return JSON.parse(error.bodyText).errors[0].extensions.code;
      return undefined;
    },
  };
}
