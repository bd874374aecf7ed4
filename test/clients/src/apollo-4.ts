import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, ServerError } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { authorization, present, type Client, type Connection } from '../client';
import { sha256 } from '../sha256';
import { DeleteSession, ListSessions, NewSession, PatchSession } from './operations';
import { retryLink } from './retry-link';
import { trustedLink } from './trusted-link';
import { typePolicies } from './type-policies';

export function connect({ url, token, fetch, isTrusted }: Connection): Client {
  const http = new HttpLink({ uri: url, fetch, headers: authorization(token) });
  const client = new ApolloClient({
    link: ApolloLink.from([isTrusted ? trustedLink : new PersistedQueryLink({ sha256 }), retryLink, http]),
    cache: new InMemoryCache({ typePolicies }),
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
