import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSchema } from '../../src/graphql/schema/schema.ts';
import { sendGraphQL } from '../support/graphql.ts';
import { randomParameters } from '../support/random-documents.ts';
import { randomRuns } from '../support/random-runs.ts';
import { createAccount, createSession, startTestServer, unknownId, type TestServer } from '../support/test-server.ts';

const { seed, numRuns } = randomRuns(100, 20_000);
let server: TestServer;
let token: string;
let documents: fc.Arbitrary<{ query: string; variables: object }>;

beforeAll(async () => {
  server = await startTestServer({}, undefined, 1);
  token = await server.tokenFor('alice');
  const accountId = await createAccount(server, 'Acme');
  for (let count = 0; count < 8; count += 1) await createSession(server, { accountId, purpose: `number ${count}` });
  const { data } = await server.graphql('{ aiSessions { edges { cursor node { id } } } }');
  const edges: { cursor: string; node: { id: string } }[] = data.aiSessions.edges;
  const dates = fc.date({ min: new Date(0), max: new Date('9999-01-01'), noInvalidDate: true });
  const cursor = fc.constantFrom('', ...edges.map((edge) => edge.cursor));
  const examples = {
    ID: fc.constantFrom(accountId, unknownId, 'odd', ...edges.map(({ node }) => node.id)),
    Int: fc.integer({ min: -1, max: 20 }),
    String: fc.string({ minLength: 1 }),
    Boolean: fc.boolean(),
    DateTime: dates.map((date) => date.toJSON()),
    accountIds: fc.constantFrom([accountId], [accountId, unknownId]),
    after: cursor,
    before: cursor,
  };
  documents = randomParameters(createSchema(), examples, seed).filter(isQuery);
});
afterAll(() => server.stop());

function isQuery(parameters: object): parameters is { query: string; variables: object } {
  return 'query' in parameters && typeof parameters.query === 'string' && parameters.query.startsWith('query ');
}

async function answerTo(parameters: object) {
  const { status, data, errors = [] } = await sendGraphQL(server.url, parameters, { token });
  // Fields that run together may fail in any order.
  return { status, data, errors: errors.map((error) => JSON.stringify(error)).toSorted() };
}

test('random queries are answered alike by graphql-js and compiled', async () => {
  const property = fc.asyncProperty(fc.noShrink(documents), async (parameters) => {
    const executed = await answerTo(parameters);
    // Compiled at this use, and bypassing Yoga from the next one on.
    expect(await answerTo(parameters)).toEqual(executed);
    expect(await answerTo(parameters)).toEqual(executed);
  });
  await fc.assert(property, { seed, numRuns });
  const compiled = server.logLines().filter(({ msg }) => msg === 'operation compiled');
  // About one in six is.
  expect(compiled.length).toBeGreaterThan(numRuns / 20);
});
