import { administratorRole } from '../../auth/viewer.ts';
import { builder } from './builder.ts';

/**
 * The rule for everything but `viewer`. It is on both root types, so a new field is closed unless it says otherwise.
 * Mutations repeat it by `withAuth`, which gives their resolvers a viewer that is not null.
 */
export const administrator = { systemAdministrator: true } as const;

builder.queryType({ description: `What can be read. Needs the role ${administratorRole}.`, authScopes: administrator });
builder.mutationType({
  description: `What can be changed. Needs the role ${administratorRole}.`,
  authScopes: administrator,
});
