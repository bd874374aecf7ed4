import { builder } from './builder.ts';

builder.scalarType('DateTime', {
  description: 'An instant as ISO 8601 text: with any offset in inputs, in UTC with milliseconds in answers.',
  specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time.html',
  serialize: (date) => date.toISOString(),
  // Resolvers check the text: like that of an ID, its error then names the field.
  parseValue(value) {
    if (typeof value !== 'string') throw new TypeError('DateTime cannot represent a value that is not a text.');
    return value;
  },
});
