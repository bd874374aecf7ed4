import { afterAll, beforeAll, expect, test } from 'vitest';
import { canMeasureMemory, forgetPeak, readMemory } from '../../support/process-memory.ts';
import { openRawConnections } from '../../support/raw-connection.ts';
import { cleanUp, startServer, type ServerProcess } from '../../support/server-process.ts';
import { copyDataFolder } from '../../support/test-database.ts';

const get = 'GET /health HTTP/1.1\r\nHost: test\r\n';
const chunked =
  'POST /graphql HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';

let server: ServerProcess;

beforeAll(async () => {
  server = await startServer({ DATA_DIR: await copyDataFolder() });
});
afterAll(cleanUp);

test.skipIf(!canMeasureMemory)('bodies of 10 MB in chunks are refused, and the memory hardly rises', async () => {
  const chunk = Buffer.from(`10000\r\n${' '.repeat(0x10000)}\r\n`);
  const sendAtOnce = async (count: number) => {
    const connections = await openRawConnections(server.url, count);
    for (const { socket, send } of connections) {
      send(chunked);
      for (let sent = 0; sent < 160; sent += 1) socket.write(chunk);
      // That this is answered tells that all of the body was read.
      send(`0\r\n\r\n${get}Connection: close\r\n\r\n`);
    }
    await Promise.all(connections.map(({ closed }) => closed));
    expect(connections.map(({ statuses }) => statuses())).toEqual(connections.map(() => [413, 200]));
  };
  // The process has just started: until it has been busy, it has more memory than it needs.
  await sendAtOnce(10);
  const before = readMemory(server.pid).now;
  forgetPeak(server.pid);
  await sendAtOnce(60);
  expect(readMemory(server.pid).peak - before).toBeLessThan(200);
});

test('later requests are answered as before', async () => {
  expect(await server.graphql('{ viewer { roles } }')).toMatchObject({ status: 200 });
});
