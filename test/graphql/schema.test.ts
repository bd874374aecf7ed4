import { readFileSync } from 'node:fs';
import {
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  lexicographicSortSchema,
  printSchema,
  type GraphQLNamedType,
} from 'graphql';
import { expect, test } from 'vitest';
import { createSchema } from '../../src/graphql/schema/schema.ts';

interface Part {
  name: string;
  description: string | null | undefined;
}

const schema = createSchema();
const types = Object.values(schema.getTypeMap()).filter(
  (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
);

test('every type, field, argument, enum value and input field has a description', () => {
  const parts = types.flatMap(partsOf);
  expect(parts.length).toBeGreaterThan(50);
  expect(parts.filter(({ description }) => !description?.trim()).map(({ name }) => name)).toEqual([]);
});

test('every description is a sentence or more', () => {
  const descriptions = types.flatMap(partsOf).map(({ description }) => description);
  expect(descriptions.filter((description) => !/^[\p{Lu}`].*\.$/su.test(description ?? ''))).toEqual([]);
});

test('EntityInfo is an interface that sessions and accounts implement', () => {
  const entityInfo = schema.getType('EntityInfo');
  if (!isInterfaceType(entityInfo)) throw new Error('EntityInfo is not an interface');
  const names = schema.getPossibleTypes(entityInfo).map(({ name }) => name);
  expect(names.toSorted()).toEqual(['AISessionInfo', 'AccountInfo']);
});

test('EntityInfo has the audit fields, none of which is ever absent', () => {
  const entityInfo = schema.getType('EntityInfo');
  if (!isInterfaceType(entityInfo)) throw new Error('EntityInfo is not an interface');
  const fields = Object.entries(entityInfo.getFields()).map(([name, { type }]) => [name, String(type)]);
  expect(Object.fromEntries(fields)).toEqual({
    id: 'ID!',
    dateCreated: 'DateTime!',
    dateLastModified: 'DateTime!',
    createdBy: 'String!',
    lastModifiedBy: 'String!',
  });
});

test('the file schema.graphql is the schema', () => {
  const file = new URL('../../schema.graphql', import.meta.url);
  expect(readFileSync(file, 'utf8')).toBe(`${printSchema(lexicographicSortSchema(schema))}\n`);
});

test('the schema says how to sign in, where codes are, and that lists are connections', () => {
  const { description } = schema;
  for (const words of ['Authorization: Bearer', 'SystemAdministrator', 'extensions.code', 'connections'])
    expect(description).toContain(words);
});

test.each([
  ['AISessionInfo.account', /null if/],
  ['AISessionInfo.accountId', /null if/],
  ['AISessionInfo.accountName', /null if/],
  ['AISessionInfo.createdBy', /`sub`/],
  ['AISessionFilter.createdBy', /exactly .*`sub`/],
  ['Mutation.deleteAISession', /for good .*NOT_FOUND/],
  ['Mutation.patchAISession', /NOT_FOUND .*the last one wins/],
])('the description of %s says what one must know', (name, words) => {
  expect(types.flatMap(partsOf).find((part) => part.name === name)?.description).toMatch(words);
});

/** The type and all that is named inside it. */
function partsOf(type: GraphQLNamedType): Part[] {
  const { name, description } = type;
  return [{ name, description }, ...membersOf(type).map((member) => ({ ...member, name: `${name}.${member.name}` }))];
}

function membersOf(type: GraphQLNamedType): Part[] {
  if (isEnumType(type)) return [...type.getValues()];
  if (isInputObjectType(type)) return Object.values(type.getFields());
  if (!isObjectType(type) && !isInterfaceType(type)) return [];
  return Object.values(type.getFields()).flatMap((field) => [
    { name: field.name, description: field.description },
    ...field.args.map(({ name, description }) => ({ name: `${field.name}(${name})`, description })),
  ]);
}
