import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { operationOf, operationsOf, parameterOf, readOpenApi, type OpenApi } from '../support/openapi-document.ts';
import { send } from '../support/rest-request.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';

let server: TestServer;
let document: OpenApi;
beforeAll(async () => {
  server = await startTestServer();
  document = await readOpenApi(server);
});
afterAll(() => server.stop());

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

test('every parameter of a list is described', () => {
  const { parameters } = operationOf(document, 'ListAISessions');
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
  expect(parameterOf(document, 'ListAISessions', 'sortField')?.schema.enum).toEqual([
    'dateCreated',
    'dateLastModified',
  ]);
  expect(parameterOf(document, 'ListAISessions', 'sortOrder')?.schema.enum).toEqual(['Ascend', 'Descend']);
});

test('every response has one media type, for generators; the others are told in words', () => {
  const contents = operationsOf(document)
    .flatMap(({ responses }) => Object.values(responses))
    .flatMap(({ content }) => (content ? [Object.keys(content)] : []));
  expect(new Set(contents.flat())).toEqual(new Set(['application/json']));
  expect(contents.filter((types) => types.length !== 1)).toEqual([]);
  expect(document.info.description).toContain('`/ai/sessions.csv`');
});

test('a page is described by its number, not by what it skips', () => {
  expect(parameterOf(document, 'ListAISessions', 'page')?.description).toMatch(/number of the page, from 0/);
});

const bodyOf = (name: string) => operationOf(document, name).requestBody?.content['application/json']?.schema;

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

const always = ['400', '401', '403', '429', '500', '503'];

test.each([
  ['GetAISession', ['200', '404', ...always]],
  ['PatchAISession', ['200', '404', '413', '415', ...always]],
  ['DeleteAISession', ['204', '404', ...always]],
  ['GetAccount', ['200', '404', ...always]],
  ['ListAISessions', ['200', ...always]],
  ['ListAccounts', ['200', ...always]],
  ['NewAccount', ['200', '413', '415', ...always]],
  ['NewAISession', ['200', '409', '413', '415', ...always]],
])('%s has the responses %j', (name, statuses) => {
  expect(Object.keys(operationOf(document, name).responses)).toEqual(statuses.toSorted());
  expect(operationOf(document, name).responses['204']?.content).toBeUndefined();
});

test('the document names its server and the routes by the name of an operation', () => {
  expect(document.servers).toEqual([{ url: '/' }]);
  expect(JSON.stringify(document)).toContain('POST /api/{Operation}');
});
