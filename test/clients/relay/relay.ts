import {
  commitLocalUpdate,
  commitMutation,
  ConnectionHandler,
  createOperationDescriptor,
  fetchQuery,
  getRequest,
  graphql,
  ROOT_ID,
} from 'relay-runtime';
import type { Environment, GraphQLTaggedNode, MutationParameters } from 'relay-runtime';
import { waitForFragmentData } from 'relay-runtime/experimental';
import { present, type Client, type Connection } from '../client';
import type { relayCreateMutation } from './__generated__/relayCreateMutation.graphql';
import type { relayDeleteMutation } from './__generated__/relayDeleteMutation.graphql';
import type { relayListQuery } from './__generated__/relayListQuery.graphql';
import type { relayPageQuery } from './__generated__/relayPageQuery.graphql';
import PageQuery from './__generated__/relayPageQuery.graphql';
import type { relayPatchMutation } from './__generated__/relayPatchMutation.graphql';
import type { relaySession$key } from './__generated__/relaySession.graphql';
import type { relaySessionQuery } from './__generated__/relaySessionQuery.graphql';
import SessionQuery from './__generated__/relaySessionQuery.graphql';
import type { relaySessions$key } from './__generated__/relaySessions.graphql';
import { isAnswer, makeEnvironment } from './environment';

export const Session = graphql`
  fragment relaySession on AISessionInfo @refetchable(queryName: "relaySessionQuery") {
    id
    purpose
    dateCreated
  }
`;

export const Sessions = graphql`
  fragment relaySessions on Query
  @refetchable(queryName: "relayPageQuery")
  @argumentDefinitions(accountId: { type: "ID!" }, count: { type: "Int" }, cursor: { type: "String" }) {
    aiSessions(filter: { accountIds: [$accountId] }, first: $count, after: $cursor)
      @connection(key: "relay_aiSessions", filters: ["filter"]) {
      edges {
        node {
          id
          ...relaySession
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;

const ListQuery = graphql`
  query relayListQuery($accountId: ID!, $count: Int!) {
    ...relaySessions @arguments(accountId: $accountId, count: $count)
  }
`;

const CreateMutation = graphql`
  mutation relayCreateMutation($input: NewAISessionInput!, $connections: [ID!]!) {
    newAISession(input: $input) @prependNode(connections: $connections, edgeTypeName: "AISessionInfoEdge") {
      id
      ...relaySession
    }
  }
`;

const PatchMutation = graphql`
  mutation relayPatchMutation($input: PatchAISessionInput!) {
    patchAISession(input: $input) {
      purpose
    }
  }
`;

const DeleteMutation = graphql`
  mutation relayDeleteMutation($id: ID!, $connections: [ID!]!) {
    deleteAISession(id: $id) @deleteEdge(connections: $connections)
  }
`;

const connectionKey = 'relay_aiSessions';
const filtersOf = (accountId: string) => ({ filter: { accountIds: [accountId] } });

export interface RelayClient extends Client {
  /** The sessions of the account that the store has, without asking the server. */
  stored: (accountId: string) => string[];
  /** Asks the server for one session again, by `node`; answers its purpose. */
  refetch: (id: string) => Promise<string | null | undefined>;
}

export function connect(connection: Connection): RelayClient {
  const environment = makeEnvironment(connection);
  /** The connections that mutations change: those of the accounts whose sessions are listed. */
  const connections = new Map<string, string>();

  async function readSession(key: relaySession$key) {
    const session = await waitForFragmentData(environment, Session, key);
    return { ...session, purpose: session.purpose ?? null, dateCreated: new Date(session.dateCreated) };
  }

  return {
    async create(input) {
      const connection = connections.get(input.accountId);
      const variables = { input, connections: connection ? [connection] : [] };
      const { newAISession } = await commit<relayCreateMutation>(environment, CreateMutation, variables);
      return readSession(present(newAISession));
    },
    async list(accountId, count) {
      connections.set(accountId, ConnectionHandler.getConnectionID(ROOT_ID, connectionKey, filtersOf(accountId)));
      // Relay keeps what is in use; React's hooks do this.
      environment.retain(createOperationDescriptor(getRequest(ListQuery), { accountId, count }));
      let key: relaySessions$key = present(
        await fetchQuery<relayListQuery>(environment, ListQuery, { accountId, count }).toPromise(),
      );
      for (;;) {
        const { aiSessions } = await waitForFragmentData(environment, Sessions, key);
        const { edges, pageInfo } = present(aiSessions);
        // The connection answers the pages so far as one.
        if (!pageInfo.hasNextPage) return edges.map(({ node }) => node.id);
        const variables = { accountId, count, cursor: present(pageInfo.endCursor) };
        key = present(await fetchQuery<relayPageQuery>(environment, PageQuery, variables).toPromise());
      }
    },
    async patch(id, purpose) {
      const variables = { input: { id, purpose } };
      return (await commit<relayPatchMutation>(environment, PatchMutation, variables)).patchAISession?.purpose;
    },
    async remove(id) {
      const variables = { id, connections: [...connections.values()] };
      return (await commit<relayDeleteMutation>(environment, DeleteMutation, variables)).deleteAISession;
    },
    async refetch(id) {
      const data = await fetchQuery<relaySessionQuery>(environment, SessionQuery, { id }).toPromise();
      return (await readSession(present(data?.node))).purpose;
    },
    stored(accountId) {
      let ids: string[] = [];
      commitLocalUpdate(environment, (store) => {
        const connection = ConnectionHandler.getConnection(store.getRoot(), connectionKey, filtersOf(accountId));
        const edges = connection?.getLinkedRecords('edges') ?? [];
        ids = edges.map((edge) => present(edge?.getLinkedRecord('node')).getDataID());
      });
      return ids;
    },
    codeOf: (error) => (isAnswer(error) ? error.code : undefined),
  };
}

function commit<Mutation extends MutationParameters>(
  environment: Environment,
  mutation: GraphQLTaggedNode,
  variables: Mutation['variables'],
): Promise<Mutation['response']> {
  return new Promise((resolve, reject) =>
    commitMutation<Mutation>(environment, { mutation, variables, onCompleted: resolve, onError: reject }),
  );
}
