import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { send } from '../support/rest-request.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';

interface Described {
  description?: string;
}

interface Parameter extends Described {
  name: string;
  in: string;
  required: boolean;
  schema: { type: string; enum?: string[] };
}

interface Operation {
  operationId: string;
  summary?: string;
  description?: string;
  parameters: Parameter[];
  requestBody?: {
    content: Record<
      string,
      { schema: { properties: Record<string, Described & { type: unknown }>; required: string[] } }
    >;
  };
  responses: Record<string, Described & { content?: object }>;
}

interface OpenApi {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  servers: object[];
  components: {
    schemas: Record<'AISessionInfo' | 'AccountInfo', { properties: Record<string, Described>; required: string[] }>;
  };
}

let server: TestServer;
let document: OpenApi;
let operations: Operation[];
/** The descriptions of the schema: of `Type.field` and, for arguments, `Type.field.argument`. */
const descriptions = new Map<string, string>();

interface Introspected extends Described {
  name: string;
  fields?: (Introspected & { args: Introspected[] })[];
  inputFields?: Introspected[];
}

beforeAll(async () => {
  server = await startTestServer();
  document = JSON.parse((await send(server, 'GET', '/openapi.json', { token: null })).text);
  operations = Object.values(document.paths).flatMap((path) => Object.values(path));
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

/** The operation that goes by this name. */
function operationOf(name: string): Operation {
  const operation = operations.find(({ operationId }) => operationId === name);
  if (!operation) throw new Error(`${name} is not described`);
  return operation;
}

const parameterOf = (operation: string, name: string) =>
  operationOf(operation).parameters.find((parameter) => parameter.name === name);

test('where GraphiQL is on, the document is for everyone, in JSON', async () => {
  const { status, headers } = await send(server, 'GET', '/openapi.json', { token: null });
  expect(status).toBe(200);
  expect(headers.get('Content-Type')).toMatch(/^application\/json\b/);
});

test('the document is valid OpenAPI 3.1', async () => {
  expect(document.openapi).toMatch(/^3\.1\./);
  const result = await new Validator().validate({ ...document });
  expect(result).toEqual({ valid: true });
});

test('the document has every route', () => {
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => `${method} ${path} ${operationId}`),
  );
  expect(routes).toEqual(
    expect.arrayContaining([
      'post /ai/sessions NewAISession',
      'get /ai/sessions ListAISessions',
      'get /ai/sessions/{sessionId} GetAISession',
      'patch /ai/sessions/{sessionId} PatchAISession',
      'delete /ai/sessions/{sessionId} DeleteAISession',
      'post /accounts NewAccount',
      'get /accounts ListAccounts',
      'get /accounts/{accountId} GetAccount',
    ]),
  );
});

test.each([
  ['NewAISession', 'newAISession'],
  ['ListAISessions', 'aiSessions'],
  ['GetAISession', 'aiSession'],
  ['PatchAISession', 'patchAISession'],
  ['DeleteAISession', 'deleteAISession'],
  ['NewAccount', 'newAccount'],
  ['ListAccounts', 'accounts'],
  ['GetAccount', 'account'],
])('the text of %s is that of the schema for %s', (name, field) => {
  const { summary, description } = operationOf(name);
  const text = descriptions.get(`Mutation.${field}`) ?? descriptions.get(`Query.${field}`);
  expect(text).toMatch(/\w/);
  expect([summary, description]).toContain(text);
});

test('the texts of a session are those of the schema, each field with its own', () => {
  const { properties } = document.components.schemas.AISessionInfo;
  const described = Object.entries(properties).map(([name, { description }]) => [`AISessionInfo.${name}`, description]);
  expect(described).toHaveLength(8);
  expect(described).toEqual(described.map(([key]) => [key, descriptions.get(String(key))]));
});

test('the body of a creation has one media type, for generators, and the words of the schema', () => {
  const { content = {} } = operationOf('NewAISession').requestBody ?? {};
  expect(Object.keys(content)).toEqual(['application/json']);
  for (const { schema } of Object.values(content)) {
    for (const name of ['accountId', 'purpose'])
      expect(schema.properties[name]?.description).toBe(descriptions.get(`NewAISessionInput.${name}`));
  }
});

test('every parameter of a list is described', () => {
  const { parameters } = operationOf('ListAISessions');
  const names = parameters.filter(({ in: place }) => place === 'query').map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining([
      'page',
      'countPerPage',
      'all',
      'specificIds',
      'accountIds',
      'sortField',
      'sortOrder',
      'simplifiedPaging',
    ]),
  );
  expect(parameters.filter(({ description }) => !description)).toEqual([]);
});

test('the description lists the orders of a list', () => {
  expect(parameterOf('ListAISessions', 'sortField')?.schema.enum).toEqual(['dateCreated', 'dateLastModified']);
  expect(parameterOf('ListAISessions', 'sortOrder')?.schema.enum).toEqual(['Ascend', 'Descend']);
});

test.each([
  ['specificIds', 'AISessionFilter.ids'],
  ['accountIds', 'AISessionFilter.accountIds'],
  ['sortField', 'AISessionOrder.field'],
  ['sortOrder', 'AISessionOrder.direction'],
])('the text of %s is that of the schema for %s', (name, key) => {
  expect(descriptions.get(key)).toMatch(/\w/);
  expect(parameterOf('ListAISessions', name)?.description).toBe(descriptions.get(key));
});

test('the id in a path is needed and described', () => {
  expect(parameterOf('GetAISession', 'sessionId')).toMatchObject({
    in: 'path',
    required: true,
    description: descriptions.get('Query.aiSession.id'),
  });
});

test('the header Idempotency-Key is described for the creating route alone', () => {
  const withKey = operations.filter(({ parameters }) => parameters.some(({ name }) => name === 'Idempotency-Key'));
  expect(withKey.map(({ operationId }) => operationId)).toEqual(['NewAISession']);
  expect(parameterOf('NewAISession', 'Idempotency-Key')).toMatchObject({
    in: 'header',
    description: descriptions.get('NewAISessionInput.idempotencyKey'),
  });
});

test.each(['NewAISession', 'ListAISessions', 'GetAISession', 'PatchAISession'])(
  'the answers of %s are described in each format',
  (name) => {
    const { content = {} } = operationOf(name).responses['200'] ?? {};
    expect(Object.keys(content)).toEqual(['application/json', 'text/csv', 'text/jsonl']);
  },
);

test('a page is described by its number, not by what it skips', () => {
  expect(parameterOf('ListAISessions', 'page')?.description).toMatch(/number of the page, from 0/);
});

const bodyOf = (name: string) => operationOf(name).requestBody?.content['application/json']?.schema;

test('bodies say what they need, and what may be null', () => {
  expect(bodyOf('NewAccount')?.required).toEqual(['name']);
  expect(bodyOf('NewAccount')?.properties['name']?.type).toBe('string');
  expect(bodyOf('PatchAISession')?.required).toEqual([]);
  expect(bodyOf('PatchAISession')?.properties['purpose']?.type).toEqual(['string', 'null']);
});

test('answers say that all of their fields are there', () => {
  const { AISessionInfo, AccountInfo } = document.components.schemas;
  expect(AISessionInfo.required).toEqual(Object.keys(AISessionInfo.properties));
  expect(AccountInfo.required).toEqual([
    'name',
    'id',
    'dateCreated',
    'dateLastModified',
    'createdBy',
    'lastModifiedBy',
  ]);
});

test.each([
  ['GetAISession', ['200', '404', '4XX', '5XX']],
  ['PatchAISession', ['200', '404', '4XX', '5XX']],
  ['DeleteAISession', ['204', '404', '4XX', '5XX']],
  ['GetAccount', ['200', '404', '4XX', '5XX']],
  ['NewAISession', ['200', '4XX', '5XX']],
])('%s has the answers %j', (name, statuses) => {
  expect(Object.keys(operationOf(name).responses)).toEqual(statuses);
  expect(operationOf(name).responses['204']?.content).toBeUndefined();
});

test('the document names its server and the routes by the name of an operation', () => {
  expect(document.servers).toEqual([{ url: '/' }]);
  expect(JSON.stringify(document)).toContain('POST /api/{Operation}');
});
