import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLogger } from '../../src/observability/log.ts';
import { serveMetrics } from '../../src/server/metrics-server.ts';
import { openRawConnection } from '../support/raw-connection.ts';
import { cleanUp, startServer } from '../support/server-process.ts';
import { copyDataFolder } from '../support/test-database.ts';

let metricsUrl: string;

beforeAll(async () => {
  const server = await startServer({ DATA_DIR: await copyDataFolder(), METRICS_PORT: '0' });
  metricsUrl = / {2}Metrics +(\S+)/.exec(server.startupLines())?.[1] ?? '';
});
afterAll(cleanUp);

test.each([
  ['GET', '/'],
  ['GET', '/metric'],
  ['POST', '/metrics'],
])('%s %s on their port is not found', async (method, path) => {
  expect((await fetch(new URL(path, metricsUrl), { method })).status).toBe(404);
});

test('a port that is taken is explained', async () => {
  const start = serveMetrics('127.0.0.1', Number(new URL(metricsUrl).port), createLogger('silent', process.stdout));
  await expect(start).rejects.toThrow(/EADDRINUSE.*Set HOST and METRICS_PORT to a free address/);
});

async function scrapeStatus(header: string): Promise<number | undefined> {
  const connection = await openRawConnection(metricsUrl);
  connection.send(`GET /metrics HTTP/1.0\r\n${header}\r\n`);
  await expect.poll(() => connection.statuses()).toHaveLength(1);
  connection.socket.destroy();
  return connection.statuses()[0];
}

// A page whose name leads to loopback must not read them (DNS rebinding).
const foreignNames = ['attacker.example', 'localhost.attacker.example:9464', '10.0.0.1', '[::2]'];
test.each([...foreignNames.map((name) => `Host: ${name}\r\n`), ''])('a scrape with %j is refused', async (header) => {
  expect(await scrapeStatus(header)).toBe(403);
});

const ownNames = ['localhost', 'LOCALHOST:9464', '127.0.0.1:1', '127.8.9.1', '[::1]:9464'];
test.each(ownNames)('a scrape of the host %s is answered', async (host) => {
  expect(await scrapeStatus(`Host: ${host}\r\n`)).toBe(200);
});
