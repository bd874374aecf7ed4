import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openRawConnections, type RawConnection } from '../../support/raw-connection.ts';
import { send } from '../../support/rest-request.ts';
import { createSilence } from '../../support/silence.ts';
import { createAccount, startTestServer, type TestServer } from '../../support/test-server.ts';

/** How many requests the server answers at a time. */
const limit = 1000;

const silence = createSilence();

let server: TestServer;
/** Each may send half of the requests. */
let crowd: string[];
/** Somebody else's. */
let token: string;
let path: string;
/** The statuses of the requests that fill the server. */
let accepted: Promise<number[]> = Promise.resolve([]);
const connections: RawConnection[] = [];

beforeAll(async () => {
  server = await startTestServer({}, silence.wrap);
  crowd = await Promise.all(['alice', 'bob'].map((user) => server.tokenFor(user)));
  token = await server.tokenFor('carol');
  // Each asks the database on its own: sessions are found together.
  path = `/accounts/${await createAccount(server, 'Acme')}`;
});
afterEach(async () => {
  for (const { socket } of connections.splice(0)) socket.destroy();
});
afterAll(() => server.stop());

async function answerAgain(): Promise<void> {
  await silence.end();
  // The server has room again once it has answered them.
  await accepted;
}

/** Sends a request that needs no database. */
const askAs = async (viewer: string | null) =>
  (await server.graphql('{ viewer { id } }', {}, { token: viewer })).status;
const askForViewer = () => askAs(token);
async function readOverGraphQL(by: string): Promise<number> {
  const { status, errors } = await server.graphql('{ accounts { totalCount } }', {}, { token: by });
  // A field that fails is answered 200 too.
  if (status === 200) expect(errors).toBeUndefined();
  return status;
}
const readOverRest = async (by: string) => (await send(server, 'GET', path, { token: by })).status;

async function open(count: number, times: number): Promise<void> {
  const opened = await openRawConnections(server.url, count);
  connections.push(...opened);
  for (const [index, connection] of opened.entries()) connection.send(request(crowd[index % 2] ?? '').repeat(times));
}

/** A request as it goes over the wire. */
const request = (by: string) => `GET ${path} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer ${by}\r\n\r\n`;

const refusals = [
  ['GraphQL', () => ({ path: '/graphql', body: { query: '{ accounts { totalCount } }' } }), /"SERVICE_UNAVAILABLE"/],
  [
    'a creation over GraphQL',
    () => ({ path: '/graphql', body: { query: 'mutation { newAISession(input: {}) { id } }' } }),
    /"SERVICE_UNAVAILABLE"/,
  ],
  ['the REST API', () => ({ path, body: undefined }), /"ServiceUnavailable"/],
  ['a creation over the REST API', () => ({ path: '/ai/sessions', body: {} }), /"ServiceUnavailable"/],
] as const;

/** Sends again what met a connection that had idled too long: a busy machine is late. */
const sendSurely = (read: () => Promise<number>) => read().catch(read);
/** Sends reads over GraphQL and the REST API, half of each, as these in turn; answers their statuses. */
function readBoth(count: number, as = [token]): Promise<number[]> {
  const reads = Array.from({ length: count / 2 }, (_, index) => {
    const by = as[index % as.length] ?? '';
    return [() => readOverGraphQL(by), () => readOverRest(by)].map(sendSurely);
  });
  return Promise.all(reads.flat());
}

/** Lets the database fall silent, and sends as many requests as the server takes. */
async function fill(): Promise<void> {
  silence.begin();
  accepted = readBoth(limit, crowd);
  await silence.untilWaiting(limit);
}

describe('while 1,000 requests wait for the database', () => {
  beforeAll(fill);
  afterAll(answerAgain);

  test.each(refusals)('another is refused at once, with when to try again: %s', async (_api, ask, code) => {
    const { path: place, body } = ask();
    const answer = await send(server, body ? 'POST' : 'GET', place, { token, body });
    expect(answer.status).toBe(503);
    expect(answer.text).toMatch(code);
    expect(answer.text).toContain('too many requests at once');
    expect(answer.headers.get('Retry-After')).toMatch(/^[1-9]\d*$/);
  });

  test('1,000 others are refused at once, and do not wait for the database', async () => {
    expect(new Set(await readBoth(limit))).toEqual(new Set([503]));
    expect(silence.countWaiting()).toBe(limit);
  });

  test('strangers, whose places are their own, are answered', async () => {
    expect(await askAs(null)).toBe(200);
  });

  test('/health answers 200', async () => {
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });
});

describe('once the database answers', () => {
  let statusesWhileFull: number[];
  let statuses: number[];

  beforeAll(async () => {
    await fill();
    statusesWhileFull = await readBoth(2);
    await answerAgain();
    statuses = await accepted;
  });

  test('the 1,000 that waited for it are answered', () => {
    expect(new Set(statuses)).toEqual(new Set([200]));
  });

  test('requests are answered as before the overload', async () => {
    expect(statusesWhileFull).toEqual([503, 503]);
    await expect.poll(askForViewer).toBe(200);
    expect(await readBoth(2)).toEqual([200, 200]);
  });
});

describe('clients who hang up make room once their requests are done', () => {
  afterEach(answerAgain);

  test.each([
    ['each on a connection of its own', 1],
    ['with others behind it', 10],
  ])('%s', async (_how, times) => {
    silence.begin();
    await open(limit, times);
    await expect.poll(askForViewer).toBe(503);
    for (const { socket } of connections) socket.destroy();
    await answerAgain();
    await expect.poll(askForViewer).toBe(200);
    expect(await readBoth(2)).toEqual([200, 200]);
  });
});
