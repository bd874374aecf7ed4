import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { canMeasureMemory, forgetPeak, readMemory } from '../../support/process-memory.ts';
import { openRawConnection, openRawConnections, type RawConnection } from '../../support/raw-connection.ts';
import { cleanUp, startServer, type ServerProcess } from '../../support/server-process.ts';
import { copyDataFolder } from '../../support/test-database.ts';

const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nHost: test\r\n${headers}\r\n`;
const getPage = get('/graphql', 'Accept: text/html\r\n');

let server: ServerProcess;
const connections: RawConnection[] = [];

beforeAll(async () => {
  // As `npm start` does.
  server = await startServer({ DATA_DIR: await copyDataFolder(), NODE_OPTIONS: '--max-semi-space-size=16' });
});
afterEach(() => {
  for (const { socket } of connections.splice(0)) socket.destroy();
});
afterAll(cleanUp);

async function open(count = 1): Promise<RawConnection[]> {
  const opened = await openRawConnections(server.url, count);
  connections.push(...opened);
  return opened;
}

test('requests that a connection sends ahead are answered in their order', async () => {
  const [connection] = await open();
  connection?.send(get('/health') + get('/nowhere') + get('/ready') + get('/openapi.json'));
  await expect.poll(() => connection?.statuses()).toEqual([200, 404, 200, 200]);
});

test('a body that is sent ahead is read when its turn has come', async () => {
  const [connection] = await open();
  const body = JSON.stringify({ query: '{ viewer { id } }' });
  const head = ['POST /graphql HTTP/1.1', 'Host: test', 'Content-Type: application/json'];
  const post = [...head, `Content-Length: ${body.length}`, `Authorization: Bearer ${server.token}`, '', body].join(
    '\r\n',
  );
  connection?.send(post.repeat(3));
  await expect.poll(() => connection?.received().match(/"administrator"/g)).toHaveLength(3);
});

test('a connection that sends too much ahead of its answers is cut off', async () => {
  const [connection] = await open();
  connection?.send(getPage.repeat(320));
  await expect.poll(() => connection?.isClosed()).toBe(true);
  await expect
    .poll(() => server.logLines().map(({ msg }) => String(msg)))
    .toContainEqual(expect.stringMatching(/cut off: it sent too many requests/));
});

describe.skipIf(!canMeasureMemory)('unread answers take little memory:', () => {
  /** How much more memory the server takes at its peak while clients send a text and read nothing, in MB. */
  async function growthBy(count: number, text: string): Promise<number> {
    // The first page loads GraphiQL.
    const first = await fetch(`${server.url}/graphql`, { headers: { Accept: 'text/html' } });
    await first.arrayBuffer();
    forgetPeak(server.pid);
    const before = readMemory(server.pid).now;
    for (const { socket, send } of await open(count)) {
      socket.pause();
      send(text);
    }
    // Another client's answer shows that the server has read what was sent.
    const [witness] = await open();
    for (let round = 1; round <= 20; round += 1) {
      witness?.send(get('/health'));
      await expect.poll(() => witness?.statuses()).toHaveLength(round);
    }

    return readMemory(server.pid).peak - before;
  }

  test.each([
    ['GraphiQL, 30 times on each of 20 connections', 20, getPage.repeat(30)],
    ['GraphiQL, 320 times on one connection', 1, getPage.repeat(320)],
    ['the OpenAPI document, 30 times on each of 100 connections', 100, get('/openapi.json').repeat(30)],
    ['nothing that is here, 2,000 times on each of 50 connections', 50, get('/').repeat(2000)],
    ['/health, 2,000 times on each of 50 connections', 50, get('/health').repeat(2000)],
  ])('%s', async (_what, count, text) => {
    // Of short requests, one chunk holds 1,700: Node makes them all before anything can cut the connection off.
    expect(await growthBy(count, text)).toBeLessThan(320);
  });
});

test('another client is answered while many read nothing', async () => {
  for (const { socket, send } of await open(50)) {
    socket.pause();
    send(getPage.repeat(30));
  }
  const connection = await openRawConnection(server.url);
  connections.push(connection);
  connection.send(get('/health'));
  await expect.poll(connection.statuses).toEqual([200]);
});
