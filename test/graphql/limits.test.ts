import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendGraphQL } from '../support/graphql.ts';
import { createSession, startTestServer, type TestServer } from '../support/test-server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ GRAPHIQL: 'off', RATE_LIMIT: '3' });
});
afterAll(() => server.stop());

const times = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, n) => text(n)).join(' ');
const aliases = (count: number) => `{ ${times(count, (n) => `a${n}: __typename`)} }`;

describe('a document', () => {
  test.each([
    ['31 aliases', aliases(31)],
    [
      'as many aliases through fragments',
      `{ ...A ...B } fragment A on Query { ${times(16, (n) => `a${n}: __typename`)} } fragment B on Query { ${times(16, (n) => `b${n}: __typename`)} }`,
    ],
    ['a depth of 12', `{ ${'aiSessions { edges { node { '.repeat(4)} id ${'} } } '.repeat(4)} }`],
    ['21 directives', `{ viewer { id ${'@include(if: true) '.repeat(21)} } }`],
    ['more than 1,000 tokens', `{ ${'__typename '.repeat(1001)} }`],
    [
      'the cost of 20 full pages',
      `{ ${times(20, (n) => `p${n}: aiSessions(first: 100) { edges { node { id purpose createdBy accountId accountName dateCreated } } }`)} }`,
    ],
  ])('with %s is refused', async (_kind, query) => {
    const { data, errors } = await server.graphql(query);
    expect(data).toBeUndefined();
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(errors?.[0]?.message).toMatch(/^(A document must |This operation costs more than 30,000: )/);
  });

  test('with 30 aliases is answered', async () => {
    expect((await server.graphql(aliases(30))).errors).toBeUndefined();
  });
});

test('lists whose sizes come by variables are bounded too', async () => {
  const pages = Array.from({ length: 11 }, (_, index) => `p${index}: aiSessions(first: $size) { totalCount }`);
  const { errors } = await server.graphql(`query ($size: Int) { ${pages.join(' ')} }`, { size: 100 });
  expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'first' });
});

test.each([null, undefined, {}])(
  'a list whose size may come by variables is answered if those are %j',
  async (variables) => {
    const query = 'query ($size: Int) { aiSessions(first: $size) { edges { node { id } } } }';
    const response = await sendGraphQL(server.url, { query, variables }, { token: await server.tokenFor('alice') });
    expect(response).toMatchObject({ data: { aiSessions: { edges: [] } }, errors: undefined });
  },
);

test('a page whose size is null costs as much as one without a size, whatever the default of its variable', async () => {
  const query = `query ($size: Int = 1) { accounts(first: 100) { edges { node {
    aiSessions(first: $size) { edges { node { id purpose } } }
  } } } }`;
  expect((await server.graphql(query)).errors).toBeUndefined();
  const { errors } = await server.graphql(query, { size: null });
  expect(errors?.[0]?.message).toContain('costs more than 30,000');
});

test('the errors of an operation with a name of 90 kB are not longer than it', async () => {
  const variables = Array.from({ length: 200 }, (_, index) => `$v${index}: Int`).join(' ');
  const query = `query ${'Q'.repeat(90_000)}(${variables}) { __typename }`;
  const headers = { Accept: 'application/graphql-response+json' };
  const { status, errors } = await server.graphql(query, {}, { token: null, headers });
  expect(status).toBe(400);
  expect(JSON.stringify(errors).length).toBeLessThan(1000);
});

describe('where GraphiQL is off', () => {
  test('a stranger may not introspect the schema', async () => {
    const { data } = await server.graphql(getIntrospectionQuery(), {}, { token: null });
    expect(data).toBeUndefined();
  });

  test('a user without the role may not introspect the schema', async () => {
    const { data } = await server.graphql(getIntrospectionQuery(), {}, { token: await server.tokenFor('bob', []) });
    expect(data).toBeUndefined();
  });

  test('an administrator may introspect the schema', async () => {
    const { data } = await server.graphql('{ schema: __schema { queryType { name } } }');
    expect(data.schema.queryType.name).toBe('Query');
  });

  test.each([
    ['a field', '{ viewr { id } }', 'viewer'],
    ['a field of a type', '{ viewer { rols } }', 'roles'],
    ['an argument', '{ aiSessions(frst: 1) { totalCount } }', 'first'],
    ['a type', 'query ($filter: AISessionFilte) { __typename }', '"AISessionFilter"'],
    ['the type of a fragment', '{ ... on Quer { __typename } }', 'Query'],
    ['a field of an input', 'mutation { newAISession(input: { purpos: "x" }) { id } }', 'purpose'],
    ['a selection', '{ accounts }', '{ ... }'],
  ])('the name of %s is not suggested', async (_kind, query, name) => {
    const { errors } = await server.graphql(query, {}, { token: null });
    expect(errors?.[0]?.message).toMatch(/./);
    expect(errors?.[0]?.message).not.toContain(name);
    expect(errors?.[0]?.message).not.toContain('Did you mean');
  });

  test.each([
    [
      'a field of an input',
      'query ($filter: AISessionFilter) { aiSessions(filter: $filter) { totalCount } }',
      { filter: { accountId: [] } },
    ],
    [
      'a value of an enum',
      'query ($by: AISessionOrder) { aiSessions(orderBy: $by) { totalCount } }',
      { by: { field: 'DATE_CREATE' } },
    ],
    ['a value of an enum in the document', '{ aiSessions(orderBy: { field: DATE_CREATE }) { totalCount } }', {}],
  ])('no name of %s is suggested to what a variable holds', async (_kind, query, variables) => {
    const { errors } = await server.graphql(query, variables, { token: null });
    expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
    expect(errors?.[0]?.message).not.toMatch(/Did you mean|accountIds|DATE_CREATED/);
  });

  test.each(['/graphql', '/graphiql', '/playground', '/altair', '/voyager', '/console'])(
    'there is no page to explore the schema with at %s',
    async (path) => {
      const response = await fetch(server.url + path, { headers: { Accept: 'text/html' } });
      expect(response.ok).toBe(false);
      expect(response.headers.get('Content-Type')).toMatch(/^application\/json/);
      expect(await response.text()).not.toMatch(/<html|<script|playground/i);
    },
  );
});

test('accounts count toward RATE_LIMIT as sessions do', async () => {
  const options = { token: await server.tokenFor('erin') };
  const newAccount = () => server.graphql('mutation { newAccount(input: { name: "x" }) { id } }', {}, options);
  const created = [await createSession(server, {}, options), await newAccount(), await newAccount()];
  expect(created.map(({ errors }) => errors)).toEqual([undefined, undefined, undefined]);
  for (const refused of [await newAccount(), await createSession(server, {}, options)]) {
    expect(refused).toMatchObject({ status: 200, errors: [{ extensions: { code: 'RATE_LIMITED' } }] });
    expect(refused.errors?.[0]?.message).toMatch(/ 3 objects a minute/);
  }
});

test('creations beyond RATE_LIMIT are refused to their viewer only', async () => {
  const token = await server.tokenFor('carol');
  const codes = [];
  for (let count = 0; count < 4; count += 1) {
    codes.push((await createSession(server, {}, { token })).errors?.[0]?.extensions.code);
  }
  expect(codes).toEqual([undefined, undefined, undefined, 'RATE_LIMITED']);
  const { errors } = await createSession(server, {}, { token: await server.tokenFor('dave') });
  expect(errors).toBeUndefined();
});
