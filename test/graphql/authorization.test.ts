import { getNamedType, isInputObjectType, Kind, parse, validate, type GraphQLObjectType } from 'graphql';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createSchema } from '../../src/graphql/schema/schema.ts';
import { countRows, createAccount, createSession, sessionFields, startTestServer } from '../support/test-server.ts';
import type { TestServer } from '../support/test-server.ts';

interface Ids {
  accountId: string;
  sessionId: string;
}

/** For every field that clients can ask for first, an operation that an administrator may run. */
const examples = new Map<string, (ids: Ids) => string>([
  ['Query.node', ({ sessionId }) => `{ node(id: "${sessionId}") { id } }`],
  ['Query.viewer', () => '{ viewer { id roles } }'],
  ['Query.account', ({ accountId }) => `{ account(id: "${accountId}") { id name } }`],
  ['Query.accounts', () => '{ accounts { totalCount edges { node { name } } } }'],
  ['Query.aiSession', ({ sessionId }) => `{ aiSession(id: "${sessionId}") { id purpose } }`],
  ['Query.aiSessions', () => '{ aiSessions { totalCount edges { node { purpose } } } }'],
  ['Mutation.newAccount', () => 'mutation { newAccount(input: { name: "Acme" }) { id } }'],
  [
    'Mutation.newAISession',
    ({ accountId }) => `mutation { newAISession(input: { accountId: "${accountId}" }) { id accountName } }`,
  ],
  [
    'Mutation.patchAISession',
    ({ sessionId }) => `mutation { patchAISession(input: { id: "${sessionId}", purpose: "Sales" }) { id purpose } }`,
  ],
  ['Mutation.deleteAISession', ({ sessionId }) => `mutation { deleteAISession(id: "${sessionId}") }`],
]);

const schema = createSchema();
const fields = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap(fieldsOf);
const closedFields = fields.filter(({ key }) => key !== 'Query.viewer');

function fieldsOf(type: GraphQLObjectType | null | undefined) {
  return Object.values(type?.getFields() ?? {}).map(({ name }) => ({ key: `${type?.name}.${name}`, name }));
}

function exampleOf(key: string, ids: Ids): string {
  const example = examples.get(key);
  if (!example) throw new Error(`${key} has no example`);
  return example(ids);
}

let server: TestServer;
let ids: Ids;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

beforeEach(async () => {
  const accountId = await createAccount(server, 'Acme');
  const { data } = await createSession(server, { accountId, purpose: 'Billing' });
  ids = { accountId, sessionId: data.newAISession.id };
});

/** All that a refused operation must leave as it is. */
async function snapshot() {
  const { data } = await server.graphql(`query ($id: ID!) { aiSession(id: $id) { ${sessionFields} } }`, {
    id: ids.sessionId,
  });
  return { rows: await countRows(server), session: data.aiSession };
}

test('every field of the schema has an example, and every example is of a field', () => {
  expect([...examples.keys()].toSorted()).toEqual(fields.map(({ key }) => key).toSorted());
});

describe.each(fields)('$key', ({ key, name }) => {
  test('has an example that is valid and asks for this field alone', () => {
    const document = parse(exampleOf(key, ids));
    const selections = document.definitions.flatMap((definition) =>
      definition.kind === Kind.OPERATION_DEFINITION ? definition.selectionSet.selections : [],
    );
    expect(validate(schema, document)).toEqual([]);
    expect(selections).toMatchObject([{ kind: 'Field', name: { value: name } }]);
  });

  test('gives data to an administrator', async () => {
    const { status, data, errors } = await server.graphql(exampleOf(key, ids));
    expect({ status, errors }).toEqual({ status: 200, errors: undefined });
    expect(data[name]).toEqual(expect.anything());
  });

  test('gives data to an administrator who has other roles as well', async () => {
    const token = await server.tokenFor('carol', ['Agent', 'SystemAdministrator']);
    const { data, errors } = await server.graphql(exampleOf(key, ids), {}, { token });
    expect(errors).toBeUndefined();
    expect(data[name]).toEqual(expect.anything());
  });
});

describe.each(closedFields)('$key', ({ key, name }) => {
  test('is refused when signed out, and nothing is written', async () => {
    const before = await snapshot();
    const { status, headers, data, errors } = await server.graphql(exampleOf(key, ids), {}, { token: null });
    expect(errors).toMatchObject([{ path: [name], extensions: { code: 'UNAUTHENTICATED' } }]);
    expect({ status, data }).toEqual({ status: 200, data: { [name]: null } });
    expect(headers.get('WWW-Authenticate')).toBeNull();
    expect(await snapshot()).toEqual(before);
  });

  test.each([
    ['without a role', []],
    ['with another role', ['Agent']],
    ['with the role in other letter case', ['systemadministrator', 'SYSTEMADMINISTRATOR']],
    ['with the role inside another', ['SystemAdministrators', ' SystemAdministrator', 'SystemAdministrator,Agent']],
  ])('is refused %s, and nothing is written', async (_kind, roles) => {
    const before = await snapshot();
    const token = await server.tokenFor('mallory', roles);
    const { status, headers, data, errors } = await server.graphql(exampleOf(key, ids), {}, { token });
    expect(errors).toMatchObject([{ path: [name], extensions: { code: 'FORBIDDEN' } }]);
    expect({ status, data }).toEqual({ status: 200, data: { [name]: null } });
    expect(headers.get('WWW-Authenticate')).toBeNull();
    expect(await snapshot()).toEqual(before);
  });
});

test('viewer is null when signed out', async () => {
  const { status, data, errors } = await server.graphql('{ viewer { id roles } }', {}, { token: null });
  expect({ status, data, errors }).toEqual({ status: 200, data: { viewer: null }, errors: undefined });
});

test.each([
  ['no role', []],
  ['another role', ['Agent']],
  ['the role of administrators', ['SystemAdministrator', 'Agent']],
])('viewer tells id and roles of a user with %s', async (_kind, roles) => {
  const token = await server.tokenFor('dave', roles);
  const { data, errors } = await server.graphql('{ viewer { id roles } }', {}, { token });
  expect({ data, errors }).toEqual({ data: { viewer: { id: 'dave', roles } }, errors: undefined });
});

test('viewer is answered beside a field that is refused', async () => {
  const token = await server.tokenFor('dave', []);
  const operation = '{ viewer { id } account(id: "not even an id") { name } }';
  const { status, data, errors } = await server.graphql(operation, {}, { token });
  expect({ status, data }).toEqual({ status: 200, data: { viewer: { id: 'dave' }, account: null } });
  expect(errors).toMatchObject([{ path: ['account'], extensions: { code: 'FORBIDDEN' } }]);
});

test('who created and who modified are the users of the tokens', async () => {
  const created = await createSession(server, {}, { token: await server.tokenFor('erin') });
  const { id } = created.data.newAISession;
  expect(created.data.newAISession).toMatchObject({ createdBy: 'erin', lastModifiedBy: 'erin' });
  const operation = `mutation ($id: ID!) {
    patchAISession(input: { id: $id, purpose: "Sales" }) { createdBy lastModifiedBy }
  }`;
  const patched = await server.graphql(operation, { id }, { token: await server.tokenFor('frank') });
  expect(patched.data.patchAISession).toEqual({ createdBy: 'erin', lastModifiedBy: 'frank' });
});

test('who created an account is the user of the token', async () => {
  const operation = 'mutation { newAccount(input: { name: "Acme" }) { createdBy lastModifiedBy } }';
  const { data } = await server.graphql(operation, {}, { token: await server.tokenFor('erin') });
  expect(data.newAccount).toEqual({ createdBy: 'erin', lastModifiedBy: 'erin' });
});

test('no input of a mutation can set an audit field', () => {
  const inputs = Object.values(schema.getMutationType()?.getFields() ?? {}).flatMap(({ args }) =>
    args.map(({ type }) => getNamedType(type)).filter(isInputObjectType),
  );
  const names = inputs.flatMap((input) => Object.keys(input.getFields()));
  expect(names).toContain('purpose');
  expect(names.filter((name) => /created|modified|author|caller|user/i.test(name))).toEqual([]);
});
