import type { TypePolicies } from '@apollo/client';
import { relayStylePagination } from '@apollo/client/utilities';

// Without them, `fetchMore` shows nothing new.
export const typePolicies: TypePolicies = {
  Query: {
    fields: {
      aiSessions: relayStylePagination(['filter', 'orderBy']),
      accounts: relayStylePagination(['ids', 'nameContains', 'direction']),
    },
  },
  AccountInfo: { fields: { aiSessions: relayStylePagination(['orderBy']) } },
};
