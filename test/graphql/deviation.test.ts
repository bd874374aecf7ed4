import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { findDeviation } from '../../src/graphql/documents/deviation.ts';

const deviationOf = (document: string) => findDeviation(parse(document));

test.each([
  ['a query', '{ viewer { id __typename } }'],
  ['a variable that must be given, inside an object', 'query ($id: ID!) { node(input: { id: $id }) { id } }'],
  [
    'a variable that is null by default, inside an object',
    'query ($id: ID = null) { node(input: { id: $id }) { id } }',
  ],
  ['an optional variable as an argument', 'query ($id: ID) { node(id: $id) { id } }'],
  ['a variable that is the whole object', 'query ($input: Input) { node(input: $input) { id } }'],
  ['a directive at a leaf', 'query ($is: Boolean!) { viewer { id @skip(if: $is) } }'],
  ['a fragment', '{ ...all } fragment all on Query { viewer { id } }'],
])('%s may be compiled', (_what, document) => {
  expect(deviationOf(document)).toBeUndefined();
});

test.each([
  ['not exactly one operation', 'query A { viewer { id } } query B { viewer { id } }'],
  ['not exactly one operation', 'fragment all on Query { viewer { id } }'],
  ['introspection', '{ __schema { queryType { name } } }'],
  ['a name that every object has', 'query ($__proto__: ID) { node(id: $__proto__) { id } }'],
  ['a name that every object has', '{ __proto__: viewer { id } }'],
  ['a name that every object has', 'query ($constructor: ID) { node(id: $constructor) { id } }'],
  ['an optional variable inside an object', 'query ($id: ID) { node(input: { id: $id }) { id } }'],
  ['an optional variable inside an object', 'query ($id: ID = "1") { node(input: { id: $id }) { id } }'],
  [
    'an optional variable inside an object',
    'query ($id: ID) { ...find } fragment find on Query { node(input: { a: { id: $id } }) { id } }',
  ],
  ['a directive around selections', 'query ($is: Boolean!) { viewer @include(if: $is) { id } }'],
  ['a directive around selections', 'query ($is: Boolean!) { ... @skip(if: $is) { viewer { id } } }'],
  [
    'a directive around selections',
    'query ($is: Boolean!) { ...all @skip(if: $is) } fragment all on Query { viewer { id } }',
  ],
])('%s is a reason not to compile: %s', (reason, document) => {
  expect(deviationOf(document)).toBe(reason);
});
