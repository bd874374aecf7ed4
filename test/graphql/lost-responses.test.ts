import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLossyDatabase } from '../support/lossy-database.ts';
import { send } from '../support/rest-request.ts';
import { createSilence } from '../support/silence.ts';
import { codeOf, createAccount, createSession, startTestServer, type TestServer } from '../support/test-server.ts';
import { countRows, unknownId } from '../support/test-server.ts';

const { lose, wrap } = createLossyDatabase();
let server: TestServer;
let keys = 0;

beforeAll(async () => {
  server = await startTestServer({}, wrap);
});
afterAll(() => server.stop());

const newKey = () => `key ${(keys += 1)}`;
const make = async (input?: object): Promise<string> => (await createSession(server, input)).data.newAISession.id;
const remove = (id: string) => server.graphql('mutation ($id: ID!) { deleteAISession(id: $id) }', { id });
const patch = (id: string) =>
  server.graphql('mutation ($id: ID!) { patchAISession(input: { id: $id, purpose: "y" }) { purpose } }', { id });

/** The lines of writes that name an object. */
const linesAbout = (id: string) =>
  server
    .logLines()
    .filter(({ sessionId, accountId }) => [sessionId, accountId].includes(id))
    .map(({ msg }) => msg);

/** The ids in the lines of this kind that `work` leaves. */
async function idsLogged(message: string, work: () => Promise<unknown>) {
  const before = server.logLines().length;
  await work();
  const lines = server.logLines().slice(before);
  return lines.filter(({ msg }) => msg === message).map(({ sessionId, accountId }) => sessionId ?? accountId);
}

describe('after the response of the database was lost', () => {
  test.each([{}, { idempotencyKey: newKey() }])('a creation of %j is answered, and has one line', async (input) => {
    lose('response');
    const { data, errors } = await createSession(server, { purpose: 'x', ...input });
    expect(errors).toBeUndefined();
    expect(data.newAISession.purpose).toBe('x');
    expect(linesAbout(data.newAISession.id)).toEqual(['session created']);
  });

  test('each of the creations that share a statement is answered, and has one line', async () => {
    lose('response', 'nothing', 'response');
    const ids = await Promise.all(Array.from({ length: 20 }, () => make()));
    expect(new Set(ids).size).toBe(20);
    expect(ids.map(linesAbout)).toEqual(ids.map(() => ['session created']));
  });

  test('a creation over the REST API is answered, and has one line', async () => {
    lose('response');
    const { status, text } = await send(server, 'POST', '/ai/sessions', { body: { purpose: 'x' } });
    expect(status).toBe(200);
    expect(linesAbout(JSON.parse(text).id)).toEqual(['session created']);
  });

  test('a deletion is answered as done, and has one line', async () => {
    const id = await make();
    lose('response');
    expect(await remove(id)).toMatchObject({ data: { deleteAISession: id }, errors: undefined });
    expect(linesAbout(id)).toEqual(['session created', 'session deleted']);
  });

  test('a deletion over the REST API is answered as done, and has one line', async () => {
    const id = await make();
    lose('response');
    expect(await send(server, 'DELETE', `/ai/sessions/${id}`)).toMatchObject({ status: 204 });
    expect(linesAbout(id)).toEqual(['session created', 'session deleted']);
  });

  test('a patch is answered, and has one line', async () => {
    const id = await make();
    lose('response');
    expect(await patch(id)).toMatchObject({ data: { patchAISession: { purpose: 'y' } } });
    expect(linesAbout(id)).toEqual(['session created', 'session changed']);
  });

  test('a new account is answered, and has one line', async () => {
    lose('response');
    expect(linesAbout(await createAccount(server, 'Acme'))).toEqual(['account created']);
  });
});

test('a replay of a key has no line, though its response was lost', async () => {
  const input = { idempotencyKey: newKey() };
  const id = await make(input);
  lose('response');
  expect(await make(input)).toBe(id);
  expect(linesAbout(id)).toEqual(['session created']);
});

describe('a write whose deadline passes while it goes on has one line, of its unknown outcome', () => {
  test('a creation, and its key is replayed without another', async () => {
    const input = { idempotencyKey: newKey() };
    const ids = await idsLogged('session created: outcome unknown', async () => {
      lose('deadline');
      expect(codeOf(await createSession(server, input))).toBe('SERVICE_UNAVAILABLE');
    });
    const id = await make(input);
    expect(ids).toEqual([id]);
    expect(linesAbout(id)).toEqual(['session created: outcome unknown']);
  });

  test('a deletion', async () => {
    const id = await make();
    lose('deadline');
    expect(codeOf(await remove(id))).toBe('SERVICE_UNAVAILABLE');
    expect(codeOf(await remove(id))).toBe('NOT_FOUND');
    expect(linesAbout(id)).toEqual(['session created', 'session deleted: outcome unknown']);
  });

  test('a patch', async () => {
    const id = await make();
    lose('deadline');
    expect(codeOf(await patch(id))).toBe('SERVICE_UNAVAILABLE');
    expect(linesAbout(id)).toEqual(['session created', 'session changed: outcome unknown']);
  });

  test('a new account', async () => {
    const ids = await idsLogged('account created: outcome unknown', async () => {
      lose('deadline');
      await server.graphql('mutation { newAccount(input: { name: "Late" }) { id } }');
    });
    const { data } = await server.graphql('{ accounts(nameContains: "Late") { edges { node { id } } } }');
    expect(ids).toEqual(data.accounts.edges.map(({ node }: { node: { id: string } }) => node.id));
    expect(ids).toHaveLength(1);
  });
});

test('a write whose deadline passes before it begins has no line', async () => {
  const id = await make();
  const lines = server.logLines().filter(({ sessionId }) => sessionId !== undefined).length;
  for (const write of [() => createSession(server), () => remove(id), () => patch(id)]) {
    lose('request');
    expect(codeOf(await write())).toBe('SERVICE_UNAVAILABLE');
  }
  expect(server.logLines().filter(({ sessionId }) => sessionId !== undefined)).toHaveLength(lines);
});

test('a deletion of what never was is NOT_FOUND, after one that was lost', async () => {
  lose('response');
  await remove(await make());
  expect(codeOf(await remove(unknownId))).toBe('NOT_FOUND');
});

test('a creation that still waits for a connection at its deadline is not made later', async () => {
  const silence = createSilence();
  const slow = await startTestServer({ DATABASE_TIMEOUT_MS: '1000' }, silence.wrap);
  silence.begin();
  expect(codeOf(await createSession(slow))).toBe('SERVICE_UNAVAILABLE');
  await silence.end();
  expect(codeOf(await createSession(slow))).toBeUndefined();
  expect(await countRows(slow)).toBe(1);
  await slow.stop();
});
