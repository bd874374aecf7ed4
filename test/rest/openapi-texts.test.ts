import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  operationOf,
  operationsOf,
  parameterOf,
  readOpenApi,
  type Described,
  type OpenApi,
} from '../support/openapi-document.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';

let server: TestServer;
let document: OpenApi;
/** The descriptions of the schema: of `Type.field` and, for arguments, `Type.field.argument`. */
const descriptions = new Map<string, string>();

interface Introspected extends Described {
  name: string;
  fields?: (Introspected & { args: Introspected[] })[];
  inputFields?: Introspected[];
}

beforeAll(async () => {
  server = await startTestServer();
  document = await readOpenApi(server);
  const { data } = await server.graphql(`{ schema: __schema { types { name
    fields { name description args { name description } } inputFields { name description } } } }`);
  const types: Introspected[] = data.schema.types;
  for (const { name: type, fields, inputFields } of types) {
    for (const { name, description } of [...(fields ?? []), ...(inputFields ?? [])])
      descriptions.set(`${type}.${name}`, description ?? '');
    for (const { name, args } of fields ?? [])
      for (const argument of args) descriptions.set(`${type}.${name}.${argument.name}`, argument.description ?? '');
  }
});
afterAll(() => server.stop());

test.each([
  ['NewAISession', 'newAISession'],
  ['PatchAISession', 'patchAISession'],
  ['NewAccount', 'newAccount'],
])('the text of %s is that of the schema for %s', (name, field) => {
  const { summary, description } = operationOf(document, name);
  const text = descriptions.get(`Mutation.${field}`) ?? descriptions.get(`Query.${field}`);
  expect(text).toMatch(/\w/);
  expect([summary, description]).toContain(text);
});

test.each([
  ['GetAISession', /404/, /null/],
  ['GetAccount', /404/, /null/],
  ['DeleteAISession', /./, /returns its ID/],
  ['ListAISessions', /`sortOrder`/, /orderBy/],
  ['ListAccounts', /`sortOrder`/, /direction/],
])('the text of %s is that of its route, where it differs from the schema', (name, there, notThere) => {
  const { summary = '' } = operationOf(document, name);
  expect(summary).toMatch(there);
  expect(summary).not.toMatch(notThere);
});

test('the texts name only what the REST API has', () => {
  const { components, ...routes } = document;
  const texts = JSON.stringify([routes, components]);
  const quoted = [...texts.matchAll(/`([A-Za-z]+)`/g)].map(([, name]) => name);
  const named = new Set(
    [...texts.matchAll(/"name":"(\w+)"|"(\w+)":\{/g)].map(([, name, property]) => name ?? property),
  );
  // A claim of tokens.
  named.add('sub');
  expect(quoted.filter((name) => !named.has(name))).toEqual([]);
});

test('the texts of a session are those of the schema, each field with its own', () => {
  const { properties } = document.components.schemas.AISessionInfo;
  const described = Object.entries(properties).map(([name, { description }]) => [`AISessionInfo.${name}`, description]);
  expect(described).toHaveLength(8);
  expect(described).toEqual(described.map(([key]) => [key, descriptions.get(String(key))]));
});

test('the body of a creation has one media type, for generators, and the words of the schema', () => {
  const { content = {} } = operationOf(document, 'NewAISession').requestBody ?? {};
  expect(Object.keys(content)).toEqual(['application/json']);
  for (const { schema } of Object.values(content)) {
    for (const name of ['accountId', 'purpose'])
      expect(schema.properties[name]?.description).toBe(descriptions.get(`NewAISessionInput.${name}`));
  }
});

test.each([
  ['specificIds', 'AISessionFilter.ids'],
  ['accountIds', 'AISessionFilter.accountIds'],
  ['sortField', 'AISessionOrder.field'],
  ['sortOrder', 'AISessionOrder.direction'],
])('the text of %s is that of the schema for %s', (name, key) => {
  expect(descriptions.get(key)).toMatch(/\w/);
  expect(parameterOf(document, 'ListAISessions', name)?.description).toBe(descriptions.get(key));
});

test('the id in a path is needed and described', () => {
  expect(parameterOf(document, 'GetAISession', 'sessionId')).toMatchObject({
    in: 'path',
    required: true,
    description: descriptions.get('Query.aiSession.id'),
  });
});

test('the header Idempotency-Key is described for the creating route alone', () => {
  const withKey = operationsOf(document).filter(({ parameters }) =>
    parameters.some(({ name }) => name === 'Idempotency-Key'),
  );
  expect(withKey.map(({ operationId }) => operationId)).toEqual(['NewAISession']);
  expect(parameterOf(document, 'NewAISession', 'Idempotency-Key')).toMatchObject({
    in: 'header',
    description: descriptions.get('NewAISessionInput.idempotencyKey'),
  });
});
