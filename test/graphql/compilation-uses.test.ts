import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../support/test-server.ts';

const usesBeforeCompilation = 9;
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({}, undefined, usesBeforeCompilation);
});
afterAll(() => server.stop());

const creation = (name: string) => `mutation ${name} { newAISession(input: {}) { id } }`;

async function sendTimes(count: number, query: string, options?: { token: string | null }): Promise<void> {
  for (let sent = 0; sent < count; sent += 1) await server.graphql(query, {}, options);
}

/** The names of the operations that were compiled so far. */
const compiled = () =>
  server
    .logLines()
    .filter(({ msg }) => msg === 'operation compiled')
    .map(({ operation }) => operation);

test('a creation is compiled at its tenth use by administrators', async () => {
  await sendTimes(usesBeforeCompilation, creation('Tenth'));
  expect(compiled()).not.toContain('Tenth');
  await sendTimes(3, creation('Tenth'));
  expect(compiled().filter((name) => name === 'Tenth')).toHaveLength(1);
});

test.each([
  ['a user without a token', 'Signed', null],
  ['a user without the role', 'Roled', []],
])('uses of %s do not count', async (_who, name, roles) => {
  const token = roles && (await server.tokenFor('bob', roles));
  await sendTimes(usesBeforeCompilation, creation(name));
  await sendTimes(5, creation(name), { token });
  expect(compiled()).not.toContain(name);
  await sendTimes(1, creation(name));
  expect(compiled()).toContain(name);
});

test('documents of others, however many, do not keep one of an administrator from being compiled', async () => {
  await sendTimes(usesBeforeCompilation, creation('Kept'));
  // More than the server keeps parsed.
  for (let count = 0; count < 600; count += 1) await sendTimes(1, `{ a${count}: __typename }`, { token: null });
  await sendTimes(1, creation('Kept'));
  expect(compiled()).toContain('Kept');
});
