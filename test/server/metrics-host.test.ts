import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRawConnection } from '../support/raw-connection.ts';
import { cleanUp, startServer } from '../support/server-process.ts';
import { copyDataFolder } from '../support/test-database.ts';

let metricsUrl: string;

beforeAll(async () => {
  const { output } = await startServer({ DATA_DIR: await copyDataFolder(), METRICS_PORT: '0' });
  metricsUrl = / {2}Metrics +(\S+)/.exec(output())?.[1] ?? '';
});
afterAll(cleanUp);

async function statusFor(host: string): Promise<number | undefined> {
  const connection = await openRawConnection(metricsUrl);
  connection.send(`GET /metrics HTTP/1.0\r\n${host}\r\n`);
  await expect.poll(() => connection.statuses()).toHaveLength(1);
  connection.socket.destroy();
  return connection.statuses()[0];
}

// A page whose name leads to loopback must not read them (DNS rebinding).
describe('metrics on loopback', () => {
  test.each([
    'Host: attacker.example\r\n',
    'Host: localhost.attacker.example:9464\r\n',
    'Host: 10.0.0.1\r\n',
    'Host: [::2]\r\n',
    '',
  ])('a request with %j is refused', async (host) => {
    expect(await statusFor(host)).toBe(403);
  });

  test.each(['localhost', 'LOCALHOST:9464', '127.0.0.1:1', '127.8.9.1', '[::1]:9464'])(
    'one for %s is answered',
    async (host) => {
      expect(await statusFor(`Host: ${host}\r\n`)).toBe(200);
    },
  );
});
