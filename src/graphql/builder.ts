import SchemaBuilder from '@pothos/core';
import RelayPlugin from '@pothos/plugin-relay';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import type { OperationDefinitionNode } from 'graphql';
import { administratorRole, type Viewer } from '../auth/token-verifier.ts';
import type { Database } from '../database/database.ts';
import { CodedError } from '../errors.ts';
import type { Logger } from '../log.ts';

/** What every operation has at hand; a new one for each request. */
export interface Context {
  database: Database;
  /** Null when the request is not signed in. */
  viewer: Viewer | null;
  /** Writes the request's id into every line. */
  log: Logger;
  /** Counts a creation of the viewer; throws RATE_LIMITED where that is too many. */
  countCreation: (viewer: Viewer) => Promise<void>;
  /** How many items the lists of the operation may still ask for. */
  itemsLeft: number;
  /** What the log line of the request will tell, filled in as it becomes known. */
  trace: { operation?: string; caller?: string };
}

export const builder = new SchemaBuilder<{
  Context: Context;
  DefaultFieldNullability: false;
  DefaultEdgesNullability: { list: false; items: false };
  DefaultNodeNullability: false;
  Scalars: { ID: { Input: string; Output: string }; DateTime: { Input: Date; Output: Date } };
  AuthScopes: { systemAdministrator: boolean };
  AuthContexts: { systemAdministrator: Context & { viewer: Viewer } };
}>({
  // The first plugin is the outermost: nothing of a field runs before its rule has.
  plugins: [ScopeAuthPlugin, RelayPlugin],
  defaultFieldNullability: false,
  scopeAuth: {
    authScopes: (context) => ({ systemAdministrator: isAdministrator(context) }),
    unauthorizedError: (_parent, { viewer }) => (viewer ? forbidden() : unauthenticated()),
    authorizeOnSubscribe: true,
  },
  relay: {
    edgesFieldOptions: { nullable: { list: false, items: false }, description: 'The items of this page.' },
    nodeFieldOptions: { nullable: false, description: 'The item.' },
    cursorFieldOptions: { description: 'Where the item stands: to be given as `after` or `before`.' },
    pageInfoTypeOptions: { description: 'What lies around a page.' },
    pageInfoFieldOptions: { description: 'Tells whether there are more pages, and from where to read them.' },
    hasNextPageFieldOptions: { description: 'Whether the list goes on behind this page.' },
    hasPreviousPageFieldOptions: { description: 'Whether the list has items ahead of this page.' },
    startCursorFieldOptions: { description: 'The cursor of the first item; null on an empty page.' },
    endCursorFieldOptions: { description: 'The cursor of the last item; null on an empty page.' },
    firstArgOptions: { description: 'How many items to take from the start: 1 to 100; 25 without `first` and `last`.' },
    lastArgOptions: { description: 'How many items to take from the end: 1 to 100. Not together with `first`.' },
    afterArgOptions: { description: 'Only items behind this cursor, which an earlier page of the same order gave.' },
    beforeArgOptions: { description: 'Only items ahead of this cursor, which an earlier page of the same order gave.' },
  },
});

/**
 * The rule of everything but `viewer`. It stands on both root types, so that a new field is closed unless it says
 * otherwise; mutations repeat it by `withAuth`, which gives their resolvers a viewer that is surely there.
 */
export const administrator = { systemAdministrator: true } as const;

builder.queryType({ description: `What can be read. Needs the role ${administratorRole}.`, authScopes: administrator });
builder.mutationType({
  description: `What can be done. Needs the role ${administratorRole}.`,
  authScopes: administrator,
});

/** The one place where a role is looked at. */
export function isAdministrator({ viewer }: Partial<Pick<Context, 'viewer'>>): boolean {
  return viewer?.roles.includes(administratorRole) ?? false;
}

/** Notes the type of an operation and what its author called it. */
export function traceOperation({ trace }: Context, { operation, name }: OperationDefinitionNode): void {
  trace.operation = `${operation} ${name?.value ?? ''}`.slice(0, 100).trim();
}

function unauthenticated(): CodedError {
  const headers = { 'WWW-Authenticate': 'Bearer' };
  return new CodedError('UNAUTHENTICATED', 'Sign in: send an Authorization header with a bearer token.', { headers });
}

function forbidden(): CodedError {
  return new CodedError('FORBIDDEN', `Your token lacks the role ${administratorRole}. Ask for it, then sign in again.`);
}
