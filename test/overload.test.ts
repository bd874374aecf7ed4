import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../src/database/database.ts';
import { makeSession, send } from './http-request.ts';
import { openRawConnection, openRawConnections, type RawConnection } from './raw-connection.ts';
import { startTestServer, type TestServer } from './test-server.ts';

/** As many as the server answers at a time. */
const limit = 1000;
const patience = { timeout: 20_000 };

let server: TestServer;
let token: string;
let path: string;
/** While it is there, the database answers nothing. */
let silence: PromiseWithResolvers<void> | undefined;
/** How much work waits for the database. */
let waiting = 0;
const connections: RawConnection[] = [];

const canFallSilent = (database: Database): Database => ({
  ...database,
  async run(work) {
    waiting += 1;
    await silence?.promise;
    waiting -= 1;
    return database.run(work);
  },
});

beforeAll(async () => {
  server = await startTestServer({}, canFallSilent);
  token = await server.tokenFor('alice');
  path = `/ai/sessions/${(await makeSession(server)).id}`;
});
afterEach(async () => {
  for (const { socket } of connections.splice(0)) socket.destroy();
});
afterAll(() => server.stop());

function fallSilent(): void {
  silence = Promise.withResolvers();
}

async function answerAgain(): Promise<void> {
  silence?.resolve();
  silence = undefined;
  await expect.poll(() => waiting, patience).toBe(0);
}

/** Asks what needs no database. */
const askForViewer = async () => (await server.graphql('{ viewer { id } }', {}, { token: null })).status;
const readOverGraphQL = async () => (await server.graphql('{ accounts { totalCount } }', {}, { token })).status;
const readOverHttp = async () => (await send(server, 'GET', path, { token })).status;

async function open(count: number, text: string): Promise<void> {
  const opened = await openRawConnections(server.url, count);
  connections.push(...opened);
  for (const connection of opened) connection.send(text);
}

/** A request as it goes over the wire, without its body. */
const request = (line: string, rest = '') =>
  `${line} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer ${token}\r\n${rest}\r\n`;

const refusals = [
  ['GraphQL', () => ({ path: '/graphql', body: { query: '{ accounts { totalCount } }' } }), /"SERVICE_UNAVAILABLE"/],
  [
    'a creation over GraphQL',
    () => ({ path: '/graphql', body: { query: 'mutation { newAISession(input: {}) { id } }' } }),
    /"SERVICE_UNAVAILABLE"/,
  ],
  ['plain HTTP', () => ({ path, body: undefined }), /"ServiceUnavailable"/],
  ['a creation over plain HTTP', () => ({ path: '/ai/sessions', body: {} }), /"ServiceUnavailable"/],
] as const;

describe('while 1,000 requests wait for the database', () => {
  let accepted: Promise<number[]>;

  test('the 1,000 are taken', async () => {
    fallSilent();
    const requests = Array.from({ length: limit / 2 }, () => [readOverGraphQL(), readOverHttp()]).flat();
    accepted = Promise.all(requests);
    await expect.poll(() => waiting, patience).toBe(limit);
  });

  test.each(refusals)('another is refused at once, with when to try again: %s', async (_face, ask, code) => {
    const { path: place, body } = ask();
    const answer = await send(server, body ? 'POST' : 'GET', place, { token, body });
    expect(answer.status).toBe(503);
    expect(answer.text).toMatch(code);
    expect(answer.headers.get('Retry-After')).toMatch(/^[1-9]\d*$/);
  });

  test('1,000 others are refused at once', async () => {
    const others = Array.from({ length: limit / 2 }, () => [readOverGraphQL(), readOverHttp()]).flat();
    expect(new Set(await Promise.all(others))).toEqual(new Set([503]));
  });

  test('another is refused before its body has arrived', async () => {
    const connection = await openRawConnection(server.url);
    connections.push(connection);
    connection.send(
      'POST /graphql HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n',
    );
    await expect.poll(connection.statuses, patience).toEqual([503]);
  });

  test('none of those that were refused waits for the database', () => {
    expect(waiting).toBe(limit);
  });

  test('/health answers 200', async () => {
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });

  test('the 1,000 are answered as soon as the database answers', async () => {
    await answerAgain();
    expect(new Set(await accepted)).toEqual(new Set([200]));
  });
});

test('after an overload requests are answered as ever', async () => {
  expect([await readOverGraphQL(), await readOverHttp()]).toEqual([200, 200]);
});

describe('clients who hang up make room, once what was begun for them is done', () => {
  test.each([
    ['each on a connection of its own', limit, () => request(`GET ${path}`)],
    ['a hundred on each connection', limit / 100, () => request(`GET ${path}`).repeat(100)],
    ['with half of their bodies sent', limit, () => `${request('POST /ai/sessions', 'Content-Length: 9\r\n')}{`],
  ])('%s', async (_how, count, text) => {
    fallSilent();
    await open(count, text());
    await expect.poll(askForViewer, patience).toBe(503);
    for (const { socket } of connections) socket.destroy();
    await answerAgain();
    await expect.poll(askForViewer, patience).toBe(200);
    expect([await readOverGraphQL(), await readOverHttp()]).toEqual([200, 200]);
  });
});
