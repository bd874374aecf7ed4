import { GraphQLError } from 'graphql';
import { instant } from '../input.ts';
import { builder } from './builder.ts';

builder.scalarType('DateTime', {
  description: 'An instant as ISO 8601 text: with any offset in inputs, in UTC with milliseconds in answers.',
  specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time.html',
  serialize: (date) => date.toISOString(),
  parseValue(value) {
    const { success, data } = instant.safeParse(value);
    if (!success) throw new GraphQLError('must be an instant such as "2026-01-31T08:30:00.000Z".');
    return data;
  },
});

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
    description: 'What every stored object tells of itself.',
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
