import { GraphQLError, Kind } from 'graphql';
import { builder } from './builder.ts';

const notText = 'DateTime cannot represent a value that is not a text.';

// Resolvers check the text: like that of an ID, its error then names the field.
builder.scalarType('DateTime', {
  description: 'An instant as ISO 8601 text: with any offset in inputs, in UTC with milliseconds in answers.',
  specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time.html',
  serialize: (text) => text,
  parseValue(value) {
    if (typeof value !== 'string') throw new GraphQLError(notText);
    return value;
  },
  parseLiteral(node) {
    if (node.kind !== Kind.STRING) throw new GraphQLError(notText, { nodes: node });
    return node.value;
  },
});
