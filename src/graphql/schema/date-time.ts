import { GraphQLError, Kind } from 'graphql';
import { builder } from './builder.ts';

const notString = 'DateTime cannot represent a value that is not a string.';

// Resolvers check the string, so that the error names the field.
builder.scalarType('DateTime', {
  description: 'An instant as an ISO 8601 string: with any offset in inputs, in UTC with milliseconds in responses.',
  specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time.html',
  serialize: (value) => value,
  parseValue(value) {
    if (typeof value !== 'string') throw new GraphQLError(notString);
    return value;
  },
  parseLiteral(node) {
    if (node.kind !== Kind.STRING) throw new GraphQLError(notString, { nodes: node });
    return node.value;
  },
});
