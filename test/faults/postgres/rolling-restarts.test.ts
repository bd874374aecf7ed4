import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeToken, startService } from '../../support/postgres-service.ts';
import { cleanUp, findFreePort, makeFolder } from '../../support/server-process.ts';
import { createMigratedDatabase } from '../../support/test-database.ts';

const { TEST_DATABASE_URL = '' } = process.env;
const hasHaproxy = spawnSync('haproxy', ['-v']).status === 0;

/** A load balancer that asks /ready twice a second and keeps its connections. */
const haproxyConfig = (port: number, ports: number[]) => `
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  timeout check 10s
frontend clients
  bind 127.0.0.1:${port}
  default_backend servers
backend servers
  option httpchk GET /ready
  http-reuse always
${ports.map((server) => `  server s${server} 127.0.0.1:${server} check inter 500ms fall 2 rise 1`).join('\n')}
`;

describe.skipIf(!hasHaproxy)('two servers behind haproxy, restarted in turn under load', () => {
  let database: Awaited<ReturnType<typeof createMigratedDatabase>>;
  let haproxy: ChildProcess;
  let token: string;
  let proxyPort: number;
  let ports: number[];

  beforeAll(async () => {
    database = await createMigratedDatabase(TEST_DATABASE_URL);
    token = makeToken();
    proxyPort = await findFreePort();
    ports = [await findFreePort(), await findFreePort()];
    const config = path.join(await makeFolder(), 'haproxy.cfg');
    await writeFile(config, haproxyConfig(proxyPort, ports));
    haproxy = spawn('haproxy', ['-db', '-f', config], { stdio: 'ignore' });
  });
  afterAll(async () => {
    haproxy.kill('SIGKILL');
    await cleanUp();
    await database.drop();
  });

  const start = (port: number) =>
    startService(database.url, token, { PORT: String(port), LOG_LEVEL: 'silent', DATABASE_TIMEOUT_MS: '10000' });

  /** Creates a session through haproxy. Answers 200 if there is one, or else what came instead. */
  function create(agent: Agent): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` };
    const creation = request({ port: proxyPort, path: '/graphql', method: 'POST', agent, headers }, (response) => {
      const isCreated = (body: string) => response.statusCode === 200 && body.startsWith('{"data":');
      text(response).then(
        (body) => resolve(isCreated(body) ? '200' : `${response.statusCode} ${body}`),
        (error: Error) => resolve(error.message),
      );
    });
    creation.once('error', (error) => resolve(error.message));
    creation.end('{"query":"mutation { newAISession(input: {}) { id } }"}');
    return promise;
  }

  test('lose no request', async () => {
    const servers = await Promise.all(ports.map(start));
    const agent = new Agent({ keepAlive: true, maxSockets: 16 });
    await expect.poll(() => create(agent)).toBe('200');
    const counts: Record<string, number> = {};
    const over = new AbortController();
    const clients = Array.from({ length: 16 }, async () => {
      while (!over.signal.aborted) {
        const outcome = await create(agent);
        counts[outcome] = (counts[outcome] ?? 0) + 1;
        // Connections that fall idle are those that a stop can break.
        await sleep(20);
      }
    });
    for (const [index, port] of ports.entries()) {
      servers[index]?.kill('SIGTERM');
      expect(await servers[index]?.ended).toMatchObject({ code: 0, stderr: '' });
      const { probe } = await start(port);
      await expect.poll(() => probe('/ready').catch(() => 0)).toBe(200);
      // The load balancer must have seen it too, before the other goes.
      const before = counts['200'] ?? 0;
      await sleep(3000);
      expect(counts['200']).toBeGreaterThan(before);
    }
    over.abort();
    await Promise.all(clients);
    agent.destroy();
    console.log('rolling restarts', counts);
    expect(Object.keys(counts)).toEqual(['200']);
  }, 120_000);
});
