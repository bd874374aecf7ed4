import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { times } from '../../support/graphql.ts';
import { cleanUp, type ServerProcess } from '../../support/server-process.ts';
import { sign } from '../../support/sign-token.ts';
import { messagesOf, sendWatched, startWithGraphiQL } from '../../support/stillness.ts';

// What one operation may ask for.
const token = sign();
const signedIn = { Authorization: `Bearer ${token}` };

let closed: ServerProcess;
let open: ServerProcess;

beforeAll(async () => {
  [closed, open] = await Promise.all([startWithGraphiQL('off'), startWithGraphiQL('on')]);
});
afterAll(cleanUp);

const create = async (query: string, variables: object) => (await closed.graphql(query, variables, { token })).data;

/** Asks for the purpose of each session so many times. */
const purposes = (aliases: number) => times(aliases, (n) => `p${n}: purpose`);

describe('lists', () => {
  /** JSON writes each of its characters as six bytes. */
  const purpose = '\u0001'.repeat(2000);
  const all = 'id dateCreated dateLastModified createdBy lastModifiedBy accountId accountName purpose';

  beforeAll(async () => {
    const { newAccount } = await create('mutation { newAccount(input: { name: "Acme" }) { id } }', {});
    const input = { accountId: newAccount.id, purpose };
    const creation = 'mutation ($input: NewAISessionInput!) { newAISession(input: $input) { id } }';
    await Promise.all(Array.from({ length: 100 }, () => create(creation, { input })));
  });

  test('that multiply to too much are refused before they are read', async () => {
    const query = `query ($accounts: Int, $sessions: Int) { accounts(last: $accounts) { edges { node {
      aiSessions(first: $sessions) { edges { node { ${purposes(30)} } } }
    } } } }`;
    const body = { query, variables: { accounts: 10, sessions: 98 } };
    const { status, text, stillness } = await sendWatched(closed, '/graphql', body, signedIn);
    expect({ status, ...JSON.parse(text) }).toEqual({
      status: 200,
      errors: [
        {
          message: expect.stringMatching(/costs more than 30,000: .* Ask for fewer/),
          extensions: { code: 'BAD_USER_INPUT' },
        },
      ],
    });
    expect(stillness).toBeLessThan(1000);
  });

  test('that hold more than 20 MB are not answered', async () => {
    const query = `{ aiSessions(first: 100) { edges { node { ${purposes(30)} } } } }`;
    const { status, text } = await sendWatched(closed, '/graphql', { query }, signedIn);
    expect({ status, ...JSON.parse(text) }).toEqual({
      status: 200,
      data: null,
      errors: [{ message: expect.stringMatching(/over 20 MB.*fewer items/), extensions: { code: 'BAD_USER_INPUT' } }],
    });
  });

  test.each([1, 10])('%i pages of 100 sessions with all fields are answered', async (count) => {
    const account = 'account { __typename id name dateCreated dateLastModified createdBy lastModifiedBy }';
    const page = `totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      edges { __typename cursor node { __typename ${all} ${account} } }`;
    const query = `query ($size: Int) { ${times(count, (n) => `p${n}: aiSessions(first: $size) { ${page} }`)} }`;
    const { text } = await sendWatched(closed, '/graphql', { query, variables: { size: 100 } }, signedIn);
    const { data, errors } = JSON.parse(text);
    expect(errors).toBeUndefined();
    expect(data[`p${count - 1}`].edges).toHaveLength(100);
  });
});

describe('introspection', () => {
  const typeReference = 'fragment T on __Type { kind name description ofType { kind name ofType { kind name } } }';
  const type = `fragment F on __Type { kind name description fields { name description
    args { name description type { ...T } } type { ...T } } enumValues { name description } } ${typeReference}`;

  test.each([
    ['29 aliases', `{ ${times(29, (n) => `a${n}: __schema { types { ...F } }`)} } ${type}`],
    ['aliases inside', `{ __schema { ${times(29, (n) => `a${n}: types { ...F }`)} } } ${type}`],
    [
      'aliases at each level',
      `{ __schema { ${times(5, (n) => `a${n}: types { ...G }`)} } }
       fragment G on __Type { ${times(4, (n) => `b${n}: fields { type { ...F } }`)} } ${type}`,
    ],
    ['the same fragment ever again', `{ __schema { types { ${times(45, () => '...F')} } } } ${type}`],
  ])('by %s is refused', async (_how, query) => {
    const { text, stillness } = await sendWatched(open, '/graphql', { query });
    expect(messagesOf(text)).toEqual([expect.stringMatching(/costs more than 30,000/)]);
    expect(stillness).toBeLessThan(1000);
  });

  // What graphql-js writes for GraphiQL, GraphQL Code Generator, Relay's and Apollo's tools, with all of their options.
  test.each([
    ['plain', {}],
    ['without descriptions', { descriptions: false }],
    [
      'with everything',
      {
        specifiedByUrl: true,
        directiveIsRepeatable: true,
        schemaDescription: true,
        inputValueDeprecation: true,
        oneOf: true,
        typeDepth: 9,
      },
    ],
  ])('by tools, %s, is answered', async (_how, options) => {
    const { text } = await sendWatched(open, '/graphql', { query: getIntrospectionQuery(options) });
    const { data, errors } = JSON.parse(text);
    expect(errors).toBeUndefined();
    expect(Object.values(data)).toEqual([expect.objectContaining({ types: expect.any(Array) })]);
  });

  test('that probes what the server supports is answered', async () => {
    const query = `{
      schema: __type(name: "__Schema") { fields { name } } type: __type(name: "__Type") { fields { name args { name } } }
      field: __type(name: "__Field") { fields { name args { name } } } directive: __type(name: "__Directive") { fields { name } }
      inputValue: __type(name: "__InputValue") { fields { name } }
    }`;
    const { text } = await sendWatched(open, '/graphql', { query });
    expect(JSON.parse(text).data.type.fields.length).toBeGreaterThan(5);
  });
});
