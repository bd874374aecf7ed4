import { GraphQLError } from 'graphql';
import { instant } from '../../domain/validation.ts';
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
