import SchemaBuilder from '@pothos/core';
import RelayPlugin from '@pothos/plugin-relay';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import { isAdministrator, refusal, type Viewer } from '../../auth/viewer.ts';
import type { Context } from '../../context.ts';
import { defaultPageSize, maximumPageSize } from '../../domain/validation.ts';

export const builder = new SchemaBuilder<{
  Context: Context;
  DefaultFieldNullability: false;
  DefaultEdgesNullability: { list: false; items: false };
  DefaultNodeNullability: false;
  Scalars: { ID: { Input: string; Output: string }; DateTime: { Input: string; Output: string } };
  Connection: { count: () => Promise<number> };
  AuthScopes: { systemAdministrator: boolean };
  AuthContexts: { systemAdministrator: Context & { viewer: Viewer } };
}>({
  // The first plugin is the outermost: a field's rule runs before anything else of the field.
  plugins: [ScopeAuthPlugin, RelayPlugin],
  defaultFieldNullability: false,
  scopeAuth: {
    authScopes: ({ viewer }) => ({ systemAdministrator: isAdministrator(viewer) }),
    unauthorizedError: (_parent, { viewer }) => refusal(viewer),
  },
  relay: {
    edgesFieldOptions: { nullable: { list: false, items: false }, description: 'The items of this page.' },
    nodeFieldOptions: { nullable: false, description: 'The item.' },
    cursorFieldOptions: { description: 'The place of this item in the list: pass it as `after` or `before`.' },
    pageInfoTypeOptions: { description: 'Whether there are more pages, and the cursors to read them from.' },
    pageInfoFieldOptions: { description: 'Whether there are more pages, and the cursors to read them from.' },
    hasNextPageFieldOptions: { description: 'Whether the list goes on after this page; true before a `before`.' },
    hasPreviousPageFieldOptions: {
      description: 'Whether the list has items before this page; true behind an `after` or an `offset`.',
    },
    startCursorFieldOptions: { description: 'The cursor of the first item; null on an empty page.' },
    endCursorFieldOptions: { description: 'The cursor of the last item; null on an empty page.' },
    firstArgOptions: {
      description: `How many items to take from the start: 1 to ${maximumPageSize}; ${defaultPageSize} without \
\`first\` and \`last\`.`,
    },
    lastArgOptions: {
      description: `How many items to take from the end: 1 to ${maximumPageSize}. Not together with \`first\`.`,
    },
    afterArgOptions: { description: 'Only items after this cursor, which an earlier page in the same order gave.' },
    beforeArgOptions: { description: 'Only items before this cursor, which an earlier page in the same order gave.' },
  },
});
