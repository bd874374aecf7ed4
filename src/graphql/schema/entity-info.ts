import { builder } from './builder.ts';

interface Entity {
  id: string;
  dateCreated: Date;
  dateLastModified: Date;
  createdBy: string;
  lastModifiedBy: string;
}

export const EntityInfo = builder
  .interfaceRef<Entity>('EntityInfo')
  .implement({
    description: 'What every stored object has: its ID and its audit fields.',
    fields: (t) => ({
      id: t.exposeID('id', { description: 'The ID of the object: a UUID.' }),
      dateCreated: t.expose('dateCreated', { type: 'DateTime', description: 'The date the object was created.' }),
      dateLastModified: t.expose('dateLastModified', {
        type: 'DateTime',
        description: 'The date the object was last modified.',
      }),
      createdBy: t.exposeString('createdBy', { description: 'The user that created this object.' }),
      lastModifiedBy: t.exposeString('lastModifiedBy', { description: 'The user that last modified this object.' }),
    }),
  });
