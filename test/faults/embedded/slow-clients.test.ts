import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRawConnection, openRawConnections, type RawConnection } from '../../support/raw-connection.ts';
import { cleanUp, startServer, type ServerProcess } from '../../support/server-process.ts';
import { copyDataFolder } from '../../support/test-database.ts';

const host = 'Host: test\r\n';
const post = `POST /graphql HTTP/1.1\r\n${host}Content-Type: application/json\r\n`;
const someBody = 'Content-Length: 100\r\n\r\n{';

interface SlowClient {
  name: string;
  opening: string;
  /** Sent every second. */
  drip?: string;
  /** The answers before the connection is closed. */
  statuses: number[];
}

const slowClients: SlowClient[] = [
  { name: 'sends nothing', opening: '', statuses: [408] },
  { name: 'sends empty lines', opening: '', drip: '\r\n', statuses: [408] },
  { name: 'never ends its first line', opening: 'GET /graphql', statuses: [408] },
  { name: 'never ends its headers', opening: post, statuses: [408] },
  { name: 'sends a byte of a header a second', opening: `${post}X: `, drip: 'x', statuses: [408] },
  { name: 'sends a header a second', opening: post, drip: 'X: x\r\n', statuses: [408] },
  { name: 'never begins its body', opening: `${post}Content-Length: 100\r\n\r\n`, statuses: [408] },
  { name: 'never ends its body', opening: post + someBody, statuses: [408] },
  { name: 'sends a byte of its body a second', opening: post + someBody, drip: ' ', statuses: [408] },
  {
    name: 'sends a chunk of its body a second',
    opening: `${post}Transfer-Encoding: chunked\r\n\r\n`,
    drip: '1\r\n \r\n',
    statuses: [408],
  },
  {
    name: 'never ends its body at the REST API, which refuses strangers unread',
    opening: (post + someBody).replace('/graphql', '/ai/sessions'),
    statuses: [401, 408],
  },
  {
    name: 'waits for 100 Continue, and then sends nothing',
    opening: `${post}Expect: 100-continue\r\nContent-Length: 100\r\n\r\n`,
    statuses: [100, 408],
  },
  {
    name: 'never ends a body that was refused unread',
    opening: `${post}Authorization: Bearer bad\r\n${someBody}`,
    statuses: [401, 408],
  },
  {
    name: 'goes on with a body that was refused unread',
    opening: `${post}Authorization: Bearer bad\r\n${someBody}`,
    drip: ' ',
    statuses: [401, 408],
  },
  {
    name: 'never ends a body that nobody asked for',
    opening: `GET /health HTTP/1.1\r\n${host}${someBody}`,
    statuses: [200, 408],
  },
  {
    name: 'never ends a body that is too large',
    opening: `${post}Content-Length: 1000000\r\n\r\n${' '.repeat(200_000)}`,
    statuses: [408],
  },
];

let server: ServerProcess;
let idle: RawConnection[];

beforeAll(async () => {
  server = await startServer({ DATA_DIR: await copyDataFolder() });
  idle = await openRawConnections(server.url, 500);
});
afterAll(async () => {
  for (const { socket } of idle) socket.destroy();
  await cleanUp();
});

const askForViewer = async () => (await server.graphql('{ viewer { id } }')).status;
const countClosed = () => idle.filter(({ isClosed }) => isClosed()).length;

test('500 idle connections and slow clients do not block other clients', async () => {
  const slow = await openRawConnections(server.url, slowClients.length);
  for (const [index, { opening }] of slowClients.entries()) slow[index]?.send(opening);
  const answers = Array.from({ length: 100 }, askForViewer);
  expect(new Set(await Promise.all(answers))).toEqual(new Set([200]));
  expect(countClosed()).toBe(0);
  for (const { socket } of slow) socket.destroy();
});

test('a connection is kept for 75 seconds', async () => {
  const { send, received } = await openRawConnection(server.url);
  send(`GET /health HTTP/1.1\r\n${host}\r\n`);
  await expect.poll(received).toMatch(/^Keep-Alive: timeout=75\r$/im);
});

test('a body that takes three seconds is still read', async () => {
  const body = '{"query":"{ viewer { id } }"}';
  const { send, statuses } = await openRawConnection(server.url);
  send(`${post}Connection: close\r\nContent-Length: ${body.length}\r\n\r\n`);
  for (const part of [body.slice(0, 10), body.slice(10, 20), body.slice(20)]) {
    await sleep(1000);
    send(part);
  }
  await expect.poll(statuses).toEqual([200]);
});

describe('clients that do not read their answers', () => {
  const clients: RawConnection[] = [];
  let page: string;

  beforeAll(async () => {
    const headers = { Accept: 'text/html' };
    page = await (await fetch(`${server.url}/graphql`, { headers })).text();
    clients.push(...(await openRawConnections(server.url, 20)));
    for (const { socket, send } of clients) {
      socket.pause();
      send(`GET /graphql HTTP/1.1\r\n${host}Accept: text/html\r\nConnection: close\r\n\r\n`);
    }
  });

  test('do not block other clients', async () => {
    const answers = Array.from({ length: 20 }, askForViewer);
    expect(new Set(await Promise.all(answers))).toEqual(new Set([200]));
  });

  test('get their whole answers once they read on', async () => {
    for (const { socket } of clients) socket.resume();
    await Promise.all(clients.map(({ closed }) => closed));
    const lengths = clients.map(({ received }) => received().length);
    expect(Math.min(...lengths)).toBeGreaterThan(Buffer.byteLength(page));
  });
});

// Each waits for the time-out of the server.
describe.concurrent('a client gets an answer, if any, and is cut off when it', () => {
  // Where the client sends while the server closes, the reset may overtake the answer.
  test.each(slowClients)('$name', async ({ opening, drip, statuses }) => {
    const connection = await openRawConnection(server.url);
    connection.send(opening);
    const timer = drip === undefined ? undefined : setInterval(() => connection.send(drip), 1000);
    await connection.closed;
    clearInterval(timer);
    expect(connection.statuses()).toEqual(statuses);
  });
});

test('the server closes all 500 idle connections', async () => {
  await expect.poll(countClosed).toBe(idle.length);
});
