import { persistedExchange } from '@urql/exchange-persisted';
import type { DocumentNode } from 'graphql';

// Sends the ID that codegen has put into each document, never its text.
export const trusted = persistedExchange({
  generateHash: async (_text, document: DocumentNode & { __meta__?: { hash: string } }) =>
    document.__meta__?.hash ?? '',
  enforcePersistedQueries: true,
  enableForMutation: true,
  preferGetForPersistedQueries: false,
});
