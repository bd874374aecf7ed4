import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import type { DocumentNode } from 'graphql';

// Sends the ID that codegen has put into each document, never its text.
export const trustedLink = new PersistedQueryLink({
  generateHash: (document: DocumentNode & { __meta__?: { hash: string } }) => document.__meta__?.hash ?? '',
  retry: () => false,
});
