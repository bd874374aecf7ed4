import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../support/test-server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

/** The same operation, in which the instant stands in different places. */
const places = {
  'a literal': (field: string, value: string) => ({
    query: `query Q {\n  list: aiSessions(filter: { ${field}: ${JSON.stringify(value)} }) { totalCount }\n}`,
    variables: {},
  }),
  'a variable': (field: string, value: string) => ({
    query: `query Q($value: DateTime) {\n  list: aiSessions(filter: { ${field}: $value }) { totalCount }\n}`,
    variables: { value },
  }),
  'a part of a variable': (field: string, value: string) => ({
    query: 'query Q($filter: AISessionFilter) {\n  list: aiSessions(filter: $filter) { totalCount }\n}',
    variables: { filter: { [field]: value } },
  }),
  'the default of a variable': (field: string, value: string) => ({
    query: `query Q($value: DateTime = ${JSON.stringify(value)}) {\n  list: aiSessions(filter: { ${field}: $value }) { totalCount }\n}`,
    variables: {},
  }),
};

const badInstants = [
  '',
  'yesterday',
  '2026-01-31',
  '2026-01-31T08:30:00',
  '2026-02-30T08:30:00Z',
  '0000-12-31T23:59:59Z',
  '0001-01-01T00:00:00+01:00',
  '9999-12-31T23:59:59-01:00',
  '10000-01-01T00:00:00Z',
];

describe.each(Object.entries(places))('as %s', (_place, write) => {
  describe.each(['createdFrom', 'createdBefore'])('%s', (field) => {
    test.each(badInstants)('that is "%s" is refused with its field, path and location', async (bad) => {
      const { query, variables } = write(field, bad);
      const { status, data, errors } = await server.graphql(query, variables);
      expect({ status, data }).toEqual({ status: 200, data: { list: null } });
      expect(errors).toEqual([
        {
          message: expect.stringContaining(`"${field}"`),
          path: ['list'],
          locations: [{ line: 2, column: 3 }],
          extensions: { code: 'BAD_USER_INPUT', field },
        },
      ]);
    });

    test('is taken with any offset', async () => {
      const { query, variables } = write(field, '2000-01-01T00:00:00+05:30');
      const { data, errors } = await server.graphql(query, variables);
      expect(errors).toBeUndefined();
      expect(data.list).toEqual({ totalCount: expect.any(Number) });
    });
  });
});

test.each([5, true, {}])('%j, which is no text, is refused with its location, before anything runs', async (bad) => {
  const literal = `{ aiSessions(filter: { createdFrom: ${JSON.stringify(bad)} }) { totalCount } }`;
  expect(await server.graphql(literal)).toMatchObject({
    data: undefined,
    errors: [{ locations: [{ line: 1, column: 37 }], extensions: { code: 'BAD_USER_INPUT' } }],
  });
  const query = 'query ($from: DateTime) { aiSessions(filter: { createdFrom: $from }) { totalCount } }';
  const variable = await server.graphql(query, { from: bad });
  expect(variable).toMatchObject({
    data: undefined,
    errors: [{ locations: [{ line: 1, column: 8 }], extensions: { code: 'BAD_USER_INPUT' } }],
  });
  expect(variable.errors?.[0]?.message).toContain('$from');
});
