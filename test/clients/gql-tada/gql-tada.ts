import { initGraphQLTada, type TadaDocumentNode } from 'gql.tada';
import { print } from 'graphql';
import { authorization, present, type Client, type Connection } from '../client';
import { retryCreation } from '../retry';
import type { introspection } from './graphql-env';

const graphql = initGraphQLTada<{ introspection: introspection; scalars: { DateTime: string; ID: string } }>();

const NewSession = graphql(`
  mutation NewSession($input: NewAISessionInput!) {
    newAISession(input: $input) {
      id
      purpose
      accountName
      dateCreated
    }
  }
`);

const ListSessions = graphql(`
  query ListSessions($accountId: ID!, $first: Int, $after: String) {
    aiSessions(filter: { accountIds: [$accountId] }, first: $first, after: $after) {
      edges {
        node {
          id
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

const PatchSession = graphql(`
  mutation PatchSession($input: PatchAISessionInput!) {
    patchAISession(input: $input) {
      purpose
    }
  }
`);

const DeleteSession = graphql(`
  mutation DeleteSession($id: ID!) {
    deleteAISession(id: $id)
  }
`);

/** An answer with errors. */
class AnswerError extends Error {
  readonly code: string;
  constructor({ message, extensions }: { message: string; extensions: { code: string } }) {
    super(message);
    this.code = extensions.code;
  }
}

const isAnswer = (error: unknown) => error instanceof AnswerError;

export function connect({ url, token, fetch }: Connection): Client {
  async function request<Data, Variables>(
    document: TadaDocumentNode<Data, Variables>,
    variables: Variables,
  ): Promise<Data> {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...authorization(token) },
      body: JSON.stringify({ query: print(document), variables }),
    });
    const { data, errors } = await response.json();
    if (errors) throw new AnswerError(errors[0]);
    return data;
  }
  return {
    async create(input) {
      const { newAISession } = await retryCreation(input, () => request(NewSession, { input }), isAnswer);
      const session = present(newAISession);
      return { ...session, dateCreated: new Date(session.dateCreated) };
    },
    async list(accountId, first) {
      const ids: string[] = [];
      let after: string | null = null;
      do {
        const variables: { accountId: string; first: number; after: string | null } = { accountId, first, after };
        const page = present((await request(ListSessions, variables)).aiSessions);
        ids.push(...page.edges.map(({ node }) => node.id));
        after = page.pageInfo.hasNextPage ? present(page.pageInfo.endCursor) : null;
      } while (after);
      return ids;
    },
    async patch(id, purpose) {
      return (await request(PatchSession, { input: { id, purpose } })).patchAISession?.purpose;
    },
    async remove(id) {
      return (await request(DeleteSession, { id })).deleteAISession;
    },
    codeOf: (error) => (isAnswer(error) ? error.code : undefined),
  };
}
