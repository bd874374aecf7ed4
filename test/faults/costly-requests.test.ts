import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cleanUp, startServer, type ServerProcess } from '../support/server-process.ts';
import { sign } from '../support/sign-token.ts';
import { copyDataFolder } from '../support/test-database.ts';

// What one request costs the others: its time, in which nobody else is served, and the size of its response.
const AUTH_SECRET = 'a secret that only this test knows of';
const signedIn = { Authorization: `Bearer ${sign({}, AUTH_SECRET)}` };

let closed: ServerProcess;
let open: ServerProcess;

beforeAll(async () => {
  const start = async (GRAPHIQL: string) => startServer({ DATA_DIR: await copyDataFolder(), AUTH_SECRET, GRAPHIQL });
  [closed, open] = await Promise.all([start('off'), start('on')]);
});
afterAll(cleanUp);

interface Answer {
  status: number;
  text: string;
  /** The longest that /health waited meanwhile, in milliseconds. */
  stillness: number;
}

/** Sends a request, and asks for /health again and again until its response is there. */
async function send({ url }: ServerProcess, path: string, body: object, headers = {}): Promise<Answer> {
  let isDone = false;
  let stillness = 0;
  async function watch(): Promise<void> {
    while (!isDone) {
      const start = performance.now();
      await (await fetch(`${url}/health`)).text();
      stillness = Math.max(stillness, performance.now() - start);
    }
  }
  const watching = watch();
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  isDone = true;
  await watching;
  return { status: response.status, text, stillness };
}

const times = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, n) => text(n)).join(' ');
const hints = (count: number) => ' Did you mean '.repeat(count);
const unknownFields = (count: number, value: unknown) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`x${index}`, value]));
const filtered = 'query ($filter: AISessionFilter) { aiSessions(filter: $filter) { totalCount } }';

/** What an error quotes: `path` and `locations` are not of it. */
const messagesOf = (text: string): string[] =>
  JSON.parse(text).errors.map(({ message }: { message: string }) => message);

const refusedInput: [string, object][] = [
  ['a literal of hints', { query: `{ accounts(first: "${hints(1300)}") { totalCount } }` }],
  ['a long document', { query: `{ accounts(first: "${hints(6400)}") { totalCount } }` }],
  ['a document of line breaks', { query: `${'\n'.repeat(19_000)}{ ${times(20, (n) => `x${n}`)} }` }],
  [
    'a variable of hints',
    { query: 'query ($n: Int) { accounts(first: $n) { totalCount } }', variables: { n: hints(7000) } },
  ],
  [
    'an unknown field of hints beside 110 others',
    { query: filtered, variables: { filter: { [hints(6500)]: 1, ...unknownFields(110, 1) } } },
  ],
  [
    '60 unknown fields of quotation marks',
    { query: filtered, variables: { filter: unknownFields(60, '"'.repeat(750)) } },
  ],
  ['300 unknown fields', { query: `{ ${times(300, (n) => `unknownField${n}`)} }` }],
  ['an unknown name of an operation', { query: 'query A { __typename }', operationName: 'B'.repeat(90_000) }],
  ['an unknown parameter', { query: '{ __typename }', ['x'.repeat(90_000)]: 1 }],
  [
    '30 fields that are refused, with long names',
    { query: `{ ${times(30, (n) => `${'a'.repeat(98)}${n % 10}${n > 9 ? n % 7 : ''}: account(id: "x") { id }`)} }` },
  ],
];

describe.each([
  ['a stranger', {}],
  ['an administrator', signedIn],
])('refused input from %s', (_who, headers) => {
  test.each(refusedInput)('%s is answered shortly, and holds nobody up', async (_what, body) => {
    for (const server of [closed, open]) {
      const { text, stillness } = await send(server, '/graphql', body, headers);
      const messages = messagesOf(text);
      expect(messages.length).toBeGreaterThan(0);
      expect(messages.length).toBeLessThanOrEqual(10);
      expect(Math.max(...messages.map(({ length }) => length))).toBeLessThanOrEqual(200);
      expect(text.length).toBeLessThan(10_000);
      expect(stillness).toBeLessThan(1000);
    }
  });
});

test.each([
  ['a purpose that is an object', '/ai/sessions', { purpose: { a: '"'.repeat(45_000) } }],
  ['ids that are no list', '/api/ListAISessions', { specificIds: unknownFields(60, '"'.repeat(750)) }],
  ['a page that is none', '/api/ListAISessions', { page: hints(7000) }],
  ['one of many items', '/api/NewAISession[]', [{}, { purpose: unknownFields(60, '"'.repeat(750)) }]],
])('over REST, %s is answered shortly', async (_what, path, body) => {
  const { status, text, stillness } = await send(closed, path, body, signedIn);
  expect(status).toBe(400);
  expect(text.length).toBeLessThan(2000);
  expect(stillness).toBeLessThan(1000);
});

describe('lists inside of lists', () => {
  /** JSON writes each of its characters as six bytes. */
  const purpose = '\u0001'.repeat(2000);
  const all = 'id dateCreated dateLastModified createdBy lastModifiedBy accountId accountName purpose';

  beforeAll(async () => {
    const create = async (query: string, variables: object) => (await closed.graphql(query, variables, signedIn)).data;
    for (let account = 0; account < 10; account += 1) {
      const { newAccount } = await create('mutation { newAccount(input: { name: "Acme" }) { id } }', {});
      const input = { accountId: newAccount.id, purpose };
      const creation = 'mutation ($input: NewAISessionInput!) { newAISession(input: $input) { id } }';
      await Promise.all(Array.from({ length: 98 }, () => create(creation, { input })));
    }
  });

  const product = (aliases: number) => ({
    query: `query ($accounts: Int, $sessions: Int) {
      accounts(last: $accounts) { edges { node { aiSessions(first: $sessions) { edges { node {
        ${times(aliases, (n) => `p${n}: purpose`)}
      } } } } } }
    }`,
    variables: { accounts: 10, sessions: 98 },
  });

  test('that ask for too much are refused before they are read', async () => {
    const { status, text, stillness } = await send(closed, '/graphql', product(30), signedIn);
    expect({ status, ...JSON.parse(text) }).toEqual({
      status: 200,
      errors: [
        {
          message: expect.stringMatching(/costs more than 30000: .* Ask for fewer/),
          extensions: { code: 'BAD_USER_INPUT' },
        },
      ],
    });
    expect(stillness).toBeLessThan(1000);
  });

  test('that hold more than 20 MB are not answered', async () => {
    const { status, text } = await send(closed, '/graphql', product(19), signedIn);
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
    const { text } = await send(closed, '/graphql', { query, variables: { size: 100 } }, signedIn);
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
    const { text, stillness } = await send(open, '/graphql', { query });
    expect(messagesOf(text)).toEqual([expect.stringMatching(/costs more than 30000/)]);
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
    const { text } = await send(open, '/graphql', { query: getIntrospectionQuery(options) });
    const { data, errors } = JSON.parse(text);
    expect(errors).toBeUndefined();
    expect(data.__schema.types.length).toBeGreaterThan(20);
  });

  test('that probes what the server supports is answered', async () => {
    const query = `{
      schema: __type(name: "__Schema") { fields { name } } type: __type(name: "__Type") { fields { name args { name } } }
      field: __type(name: "__Field") { fields { name args { name } } } directive: __type(name: "__Directive") { fields { name } }
      inputValue: __type(name: "__InputValue") { fields { name } }
    }`;
    const { text } = await send(open, '/graphql', { query });
    expect(JSON.parse(text).data.type.fields.length).toBeGreaterThan(5);
  });
});
