import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { times } from '../support/graphql.ts';
import { send } from '../support/rest-request.ts';
import { countRows, startTestServer, type TestServer } from '../support/test-server.ts';
import { attacks, body, lists } from './hostile-documents.ts';

let server: TestServer;
let rows: number;

beforeAll(async () => {
  server = await startTestServer({ GRAPHIQL: 'off' });
  rows = await countRows(server);
});
afterAll(() => server.stop());

const internals = /"stack|stacktrace|exception|tracing|debug|\\n\s+at |\.[jt]s:\d|node_modules/i;
const headerNames =
  /^(allow|cache-control|connection|content-length|content-type|date|keep-alive|referrer-policy|www-authenticate|x-content-type-options|x-request-id)$/;

const post = (text: string, signedIn: { token?: null } = {}) =>
  send(server, 'POST', '/graphql', {
    ...signedIn,
    body: text,
    headers: { 'Content-Type': 'application/json', Accept: 'application/graphql-response+json' },
  });

describe.each([
  ['an administrator', {}],
  ['a stranger', { token: null }],
])('from %s', (_who, signedIn) => {
  test.each(Object.entries(attacks))('%s is refused with a code, and nothing about the inside', async (what, text) => {
    const answer = await post(text, signedIn);
    const { data, errors } = JSON.parse(answer.text);
    // The variable is found to be missing once the field is executed.
    const isExecuted = what === '__proto__ as a variable';
    const refused = isExecuted ? { status: 200, data: { newAISession: null } } : { status: 400, data: undefined };
    expect({ status: answer.status, data }).toEqual(refused);
    for (const { extensions } of errors)
      expect(extensions).toEqual({ code: expect.stringMatching(/^(BAD_USER_INPUT|UNAUTHENTICATED)$/) });
    expect(answer.text).not.toMatch(internals);
    expect(answer.text.length).toBeLessThan(2 * text.length + 20_000);
    expect([...answer.headers.keys()].filter((name) => !headerNames.test(name))).toEqual([]);
  });
});

test.each([
  ['19 kB of comments', body(`${`#${'x'.repeat(20)}\n`.repeat(860)}{ __typename }`)],
  ['900 lines that end in CR and LF', body(`${'\r\n'.repeat(899)}{ __typename }`)],
  ['19 kB of white space', body(`${' '.repeat(19_000)}{ __typename }`)],
  ['the same field 50 times', body(`{ ${times(50, () => '__typename')} }`)],
  ['lists 45,000 deep that nothing uses', body('{ __typename }', `{"a":${lists(45_000)}}`)],
  ['__proto__ that nothing uses', body('{ __typename }', '{"__proto__":{"__typename":"x"}}')],
  ['__proto__ as the name of an operation', body('query __proto__ { __typename }')],
  ['__proto__ as the name of a fragment', body('{ ...__proto__ } fragment __proto__ on Query { __typename }')],
])('%s make no difference', async (_what, text) => {
  const { status, text: answer } = await post(text);
  expect({ status, ...JSON.parse(answer) }).toEqual({ status: 200, data: { __typename: 'Query' } });
});

test('nothing was created by all of this', async () => {
  expect(await countRows(server)).toBe(rows);
});
