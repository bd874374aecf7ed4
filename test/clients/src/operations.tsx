// .tsx, as files of components are: the documents of codegen.ts must cover it.
import { graphql } from './gql';

export const NewSession = graphql(`
  mutation NewSession($input: NewAISessionInput!) {
    newAISession(input: $input) {
      id
      purpose
      accountName
      dateCreated
    }
  }
`);

export const ListSessions = graphql(`
  query ListSessions($accountId: ID!, $first: Int, $after: String) {
    aiSessions(filter: { accountIds: [$accountId] }, first: $first, after: $after) {
      edges {
        node {
          id
          purpose
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

export const PatchSession = graphql(`
  mutation PatchSession($input: PatchAISessionInput!) {
    patchAISession(input: $input) {
      id
      purpose
    }
  }
`);

export const DeleteSession = graphql(`
  mutation DeleteSession($id: ID!) {
    deleteAISession(id: $id)
  }
`);
