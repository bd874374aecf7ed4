import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomRuns } from '../support/random-runs.ts';
import { createSession, readPage, startTestServer, type TestServer } from '../support/test-server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await createSession(server);
});
afterAll(() => server.stop());

function refused(name: string, field = '') {
  return { status: 200, data: { [name]: null }, errors: [{ extensions: { code: 'BAD_USER_INPUT', field } }] };
}

test.each(['after', 'before'])('whatever text is given as "%s", it is refused unless it is a cursor', (name) =>
  fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), fc.boolean(), async (text, isCursor) => {
      const cursor = isCursor ? `dateCreated/${text}` : text;
      const operation = `query ($cursor: String) { aiSessions(${name}: $cursor) { totalCount } }`;
      expect(await server.graphql(operation, { cursor })).toMatchObject(refused('aiSessions', name));
    }),
    randomRuns(),
  ),
);

test('a cursor from another order is refused', async () => {
  const { endCursor } = await readPage(server, 'aiSessions', { orderBy: { field: 'DATE_LAST_MODIFIED' } });
  const answer = await server.graphql(`{ aiSessions(after: "${endCursor}") { totalCount } }`);
  expect(answer).toMatchObject(refused('aiSessions', 'after'));
});
