import type { GraphiQLOptions } from 'graphql-yoga';

const firstOperation = `# Press the play button (or Ctrl+Enter) to open an AI session.
mutation NewAISession($input: NewAISessionInput!) {
  newAISession(input: $input) {
    id
    accountId
    accountName
    purpose
    createdBy
    dateCreated
    lastModifiedBy
    dateLastModified
  }
}
`;

/** GraphiQL opens with an operation for the account, the token in its header, ready to run. */
export function graphiqlOptions(token: string | null, accountId: string | undefined): GraphiQLOptions {
  const variables = { input: { accountId, purpose: 'Try out AI Sessions' } };
  // Yoga's page passes `query` and `variables` on to GraphiQL, but its type lacks them.
  return Object.assign<GraphiQLOptions, object>(
    {
      title: 'AI Sessions',
      shouldPersistHeaders: false,
      headers: stringify({ Authorization: `Bearer ${token ?? ''}` }),
    },
    { query: firstOperation, variables: stringify(variables) },
  );
}

function stringify(value: object): string {
  return JSON.stringify(value, null, 2);
}
