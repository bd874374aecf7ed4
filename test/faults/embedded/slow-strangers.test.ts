import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { runningRequests } from '../../../src/observability/metrics.ts';
import { patience } from '../../support/patience.ts';
import { openRawConnections, type RawConnection } from '../../support/raw-connection.ts';
import { createSession, startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
/** A request for the script of GraphiQL. */
let script: string;
const connections: RawConnection[] = [];

beforeAll(async () => {
  server = await startTestServer({ GRAPHIQL: 'on' });
  const page = await fetch(`${server.url}/graphql`, { headers: { Accept: 'text/html' } });
  const path = /src="(.+?)"/.exec(await page.text())?.[1];
  script = `GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`;
});
afterEach(async () => {
  vi.useRealTimers();
  for (const { socket } of connections.splice(0)) socket.destroy();
  // The next test counts on all places.
  await vi.waitUntil(async () => (await runningRequests.get()).values.every(({ value }) => value === 0), patience);
});
afterAll(() => server.stop());

async function open(count: number, text: string): Promise<RawConnection[]> {
  const opened = await openRawConnections(server.url, count);
  connections.push(...opened);
  for (const { send } of opened) send(text);
  return opened;
}

/** The start of a request that promises a body. */
const promise = (path: string) =>
  `POST ${path} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`;
const refused = () => connections.flatMap(({ statuses }) => statuses()).filter((status) => status === 429);
const askForViewer = async () => (await server.graphql('{ viewer { id } }', {}, { token: null })).status;

test('strangers who promise bodies take places of strangers only', async () => {
  await open(1005, promise('/graphql'));
  await expect.poll(askForViewer).toBe(503);
  const creations = await Promise.all(Array.from({ length: 50 }, () => createSession(server)));
  expect(creations.map(({ errors }) => errors)).toEqual(creations.map(() => undefined));
});

test('users without the role who promise bodies take places of strangers only', async () => {
  // One after the other, because none gets more than half: what one leaves, the next could take.
  for (const [index, user] of ['bob', 'carol'].entries()) {
    const header = `Authorization: Bearer ${await server.tokenFor(user, ['User'])}\r\n\r\n{`;
    await open(505, promise('/graphql').replace('\r\n\r\n{', `\r\n${header}`));
    await expect.poll(refused).toHaveLength(5 * (index + 1));
  }
  await expect.poll(askForViewer).toBe(503);
  const creations = await Promise.all(Array.from({ length: 50 }, () => createSession(server)));
  expect(creations.map(({ errors }) => errors)).toEqual(creations.map(() => undefined));
});

test('strangers who hang up leave their places', async () => {
  await open(1005, promise('/graphql'));
  await expect.poll(askForViewer).toBe(503);
  for (const { socket } of connections) socket.destroy();
  await expect.poll(askForViewer).toBe(200);
});

test('users who promise bodies take no place before they send them', async () => {
  const header = `Authorization: Bearer ${await server.tokenFor('alice')}\r\n\r\n{`;
  await open(1005, promise('/ai/sessions').replace('\r\n\r\n{', `\r\n${header}`));
  const creations = await Promise.all(Array.from({ length: 50 }, () => createSession(server)));
  expect(creations.map(({ errors }) => errors)).toEqual(creations.map(() => undefined));
});

test('the REST API refuses a stranger before it reads the body', async () => {
  const [connection] = await open(1, promise('/ai/sessions'));
  await expect.poll(() => connection?.statuses()).toEqual([401]);
});

test('a client that reads an answer slowly is cut off after a minute', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const [connection] = await open(1, script);
  // It reads some of the script's nine megabytes, and no more.
  connection?.socket.once('data', () => connection.socket.pause());
  await expect.poll(() => connection?.received().length).toBeGreaterThan(0);
  vi.advanceTimersByTime(61_000);
  await expect
    .poll(() => server.logLines().filter(({ msg, method }) => msg === 'request cut off' && method === 'GET'))
    .toHaveLength(1);
});

test('a client that reads an answer in time is not cut off', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const [connection] = await open(1, script);
  await expect.poll(() => connection?.received().length).toBeGreaterThan(9_000_000);
  vi.advanceTimersByTime(61_000);
  connection?.send('GET /health HTTP/1.1\r\nHost: test\r\n\r\n');
  await expect.poll(() => connection?.statuses()).toEqual([200, 200]);
});
