import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openRawConnection, type RawConnection } from './raw-connection.ts';
import { cleanUp, killProcesses, startServer, type ServerProcess } from './server-process.ts';
import { copyDataFolder } from './test-database.ts';

let folder: string;
let server: ServerProcess;
const connections: RawConnection[] = [];

// Every test starts a process on the same database.
beforeAll(async () => {
  folder = await copyDataFolder();
});
beforeEach(async () => {
  server = await startServer({ DATA_DIR: folder });
});
afterEach(async () => {
  for (const { socket } of connections.splice(0)) socket.destroy();
  await killProcesses();
});
afterAll(cleanUp);

async function openConnection(): Promise<RawConnection> {
  const connection = await openRawConnection(server.url);
  connections.push(connection);
  return connection;
}

/** A connection that has had an answer and is kept for the next request. */
async function openIdleConnection(): Promise<RawConnection> {
  const connection = await openConnection();
  connection.send('GET /health HTTP/1.1\r\nHost: test\r\n\r\n');
  await expect.poll(connection.received, patience).toMatch(/^HTTP\/1\.1 200 .*"alive"/s);
  return connection;
}

/** A creation of a session whose last bytes are still to be sent, by `finish`. */
async function openRunningRequest() {
  const connection = await openConnection();
  const body = JSON.stringify({ query: 'mutation { newAISession(input: { purpose: "Last words" }) { purpose } }' });
  const head = [
    'POST /graphql HTTP/1.1',
    'Host: test',
    'Content-Type: application/json',
    `Authorization: Bearer ${server.token}`,
    `Content-Length: ${body.length}`,
  ];
  connection.send(`${head.join('\r\n')}\r\n\r\n${body.slice(0, 20)}`);
  // Until another request has been answered, the server may not have read this one.
  await openIdleConnection();
  return { ...connection, finish: () => connection.send(body.slice(20)) };
}

/** Long enough for the signal to arrive, and more than what counts as its echo. */
const afterSignal = () => sleep(500);

async function endWithin(seconds: number) {
  const late = sleep(seconds * 1000, 'still running', { ref: false });
  const end = await Promise.race([server.ended, late]);
  return typeof end === 'string' ? end : { code: end.code, signal: end.signal, stderr: end.stderr };
}

const patience = { timeout: 5000 };
const cleanEnd = { code: 0, signal: null, stderr: '' };

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  test('ends the process with code 0 within 10 seconds, whatever clients hold open', async () => {
    await openIdleConnection();
    await openConnection();
    await openRunningRequest();
    server.kill(signal);
    expect(await endWithin(10)).toEqual(cleanEnd);
  });

  test('lets a running request finish with its answer', async () => {
    const request = await openRunningRequest();
    server.kill(signal);
    await afterSignal();
    expect(request.received()).toBe('');
    request.finish();
    expect(await endWithin(5)).toEqual(cleanEnd);
    expect(request.received()).toMatch(/^HTTP\/1\.1 200 .*\{"data":\{"newAISession":\{"purpose":"Last words"\}\}\}/s);
  });

  test('sent twice ends the process at once, with a code that is not 0', async () => {
    await openRunningRequest();
    server.kill(signal);
    await afterSignal();
    expect(await endWithin(0)).toBe('still running');
    server.kill(signal);
    const end = await endWithin(3);
    expect(end).toMatchObject({ code: expect.any(Number), signal: null });
    expect(end).not.toMatchObject({ code: 0 });
  });
});

test('the echo of a signal, as npm makes one, cuts no running request off', async () => {
  const request = await openRunningRequest();
  server.kill('SIGINT');
  await sleep(50);
  server.kill('SIGINT');
  await afterSignal();
  request.finish();
  expect(await endWithin(5)).toEqual(cleanEnd);
  expect(request.received()).toContain('Last words');
});

test('what a running request answered after the signal is saved', async () => {
  const countSessions = async () => (await server.graphql('{ aiSessions { totalCount } }')).data.aiSessions.totalCount;
  const before = await countSessions();
  const request = await openRunningRequest();
  server.kill('SIGTERM');
  await afterSignal();
  request.finish();
  await server.ended;
  server = await startServer({ DATA_DIR: folder });
  expect(await countSessions()).toBe(before + 1);
});

describe('/ready', () => {
  test('answers 200 before a stop is asked for', async () => {
    const response = await fetch(`${server.url}/ready`);
    expect(response.status).toBe(200);
  });

  test('answers 503 from the signal on, while a running request goes on', async () => {
    const request = await openRunningRequest();
    const probe = await openIdleConnection();
    // Half a request keeps the connection from being closed as idle.
    probe.send('GET /ready HTTP/1.1\r\n');
    await openIdleConnection();
    server.kill('SIGTERM');
    await afterSignal();
    probe.send('Host: test\r\n\r\n');
    await expect.poll(probe.received, patience).toMatch(/HTTP\/1\.1 503 /);
    expect(await endWithin(0)).toBe('still running');
    request.finish();
    expect(await endWithin(5)).toEqual(cleanEnd);
    expect(request.received()).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('/health', () => {
  test('answers 200 while the process lives', async () => {
    const response = await fetch(`${server.url}/health`);
    expect(response.status).toBe(200);
  });

  test('answers 200 while the process stops', async () => {
    await openRunningRequest();
    const probe = await openConnection();
    probe.send('GET /health HTTP/1.1\r\n');
    await openIdleConnection();
    server.kill('SIGTERM');
    await afterSignal();
    probe.send('Host: test\r\n\r\n');
    await expect.poll(probe.received, patience).toMatch(/^HTTP\/1\.1 200 /);
  });
});
