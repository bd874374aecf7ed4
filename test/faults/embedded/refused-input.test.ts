import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { times } from '../../support/graphql.ts';
import { cleanUp, type ServerProcess } from '../../support/server-process.ts';
import { sign } from '../../support/sign-token.ts';
import { messagesOf, sendWatched, startWithGraphiQL } from '../../support/stillness.ts';

// Whatever is refused, its response is short, and nobody else waits.
const signedIn = { Authorization: `Bearer ${sign()}` };

let closed: ServerProcess;
let open: ServerProcess;

beforeAll(async () => {
  [closed, open] = await Promise.all([startWithGraphiQL('off'), startWithGraphiQL('on')]);
});
afterAll(cleanUp);

const hints = (count: number) => ' Did you mean '.repeat(count);
const unknownFields = (count: number, value: unknown) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`x${index}`, value]));
const filtered = 'query ($filter: AISessionFilter) { aiSessions(filter: $filter) { totalCount } }';

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
      const { text, stillness } = await sendWatched(server, '/graphql', body, headers);
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
  const { status, text, stillness } = await sendWatched(closed, path, body, signedIn);
  expect(status).toBe(400);
  expect(text.length).toBeLessThan(2000);
  expect(stillness).toBeLessThan(1000);
});
