import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readFailure, send } from '../support/rest-request.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';

// Where GraphiQL is off, introspection is closed, and so is what tells as much.
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ GRAPHIQL: 'off' });
});
afterAll(() => server.stop());

const ask = (token?: string | null) => send(server, 'GET', '/openapi.json', token === undefined ? {} : { token });

test('an administrator gets the document', async () => {
  const { status, headers, text } = await ask();
  expect(status).toBe(200);
  expect(headers.get('Content-Type')).toMatch(/^application\/json\b/);
  expect(JSON.parse(text)).toMatchObject({ openapi: expect.stringMatching(/^3\.1\./) });
});

test.each([
  ['a stranger', 401, 'Unauthorized', async () => null, /^Bearer$/],
  ['a token that is not valid', 401, 'Unauthorized', async () => 'x', /^Bearer error="invalid_token"/],
  ['a user without the role', 403, 'Invalid Role', () => server.tokenFor('bob', ['User']), /^$/],
])(
  '%s gets %d, as of the REST API, and nothing of the document',
  async (_who, status, errorCode, makeToken, challenge) => {
    const answer = await ask(await makeToken());
    expect(answer.status).toBe(status);
    expect(answer.headers.get('WWW-Authenticate') ?? '').toMatch(challenge);
    expect(readFailure(answer)).toEqual({ errorCode, message: expect.stringMatching(/./), errors: [] });
    expect(answer.text).not.toContain('ListAISessions');
  },
);

describe.each(['/api/Nothing', '/ai/nothing', '/ai/sessions', '/api/ListAISessions[].xml'])('at %s', (path) => {
  test.each([
    ['a stranger', 401, async () => null],
    ['a user without the role', 403, () => server.tokenFor('bob', ['User'])],
  ])('%s gets %d, whatever is there', async (_who, status, makeToken) => {
    const answer = await send(server, 'PUT', path, { token: await makeToken() });
    expect(answer.status).toBe(status);
    expect(answer.text).not.toContain('ListAISessions');
  });
});

test('an administrator is told which operations there are', async () => {
  expect((await send(server, 'GET', '/api/Nothing')).text).toContain('ListAISessions');
});
