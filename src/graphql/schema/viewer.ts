import type { Viewer } from '../../auth/viewer.ts';
import { builder } from './builder.ts';

const ViewerType = builder
  .objectRef<Viewer>('Viewer')
  .implement({
    description: 'The user that the token stands for.',
    fields: (t) => ({
      id: t.exposeID('id', { description: 'The `sub` of the token, which becomes `createdBy` and `lastModifiedBy`.' }),
      roles: t.exposeStringList('roles', { description: 'The roles that the token grants.' }),
    }),
  });

builder.queryField('viewer', (t) =>
  t.field({
    type: ViewerType,
    nullable: true,
    description: 'Who is signed in; null without a token. Needs no role.',
    skipTypeScopes: true,
    resolve: (_root, _arguments, { viewer }) => viewer,
  }),
);
