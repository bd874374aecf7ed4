import type { Account } from '../../domain/accounts.ts';
import type { AISession } from '../../domain/ai-sessions.ts';
import { builder } from './builder.ts';

type Entity = Account | AISession;

const typeOf = (entity: Entity) => ('name' in entity ? 'AccountInfo' : 'AISessionInfo');

export const Node = builder
  .interfaceRef<Entity>('Node')
  .implement({
    description: 'An object that `Query.node` finds by its ID.',
    resolveType: typeOf,
    fields: (t) => ({ id: t.exposeID('id', { description: 'The ID of the object: a UUID, unique over all types.' }) }),
  });

export const EntityInfo = builder
  .interfaceRef<Entity>('EntityInfo')
  .implement({
    description: 'What every stored object has: its ID and its audit fields.',
    interfaces: [Node],
    resolveType: typeOf,
    fields: (t) => ({
      dateCreated: t.expose('dateCreated', { type: 'DateTime', description: 'The date the object was created.' }),
      dateLastModified: t.expose('dateLastModified', {
        type: 'DateTime',
        description: 'The date the object was last modified; at first, the date it was created.',
      }),
      createdBy: t.exposeString('createdBy', {
        description: 'The user that created this object: the `sub` of the token.',
      }),
      lastModifiedBy: t.exposeString('lastModifiedBy', {
        description: 'The user that last modified this object: the `sub` of the token.',
      }),
    }),
  });
