import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { patience } from '../../support/patience.ts';
import { openRawConnection, type RawConnection } from '../../support/raw-connection.ts';
import { cleanUp, startServer, type ServerProcess } from '../../support/server-process.ts';
import { copyDataFolder } from '../../support/test-database.ts';

const cleanEnd = { code: 0, signal: null, stderr: '' };
/** How long the server waits before it cuts connections off, in milliseconds. */
const cutAfter = 7000;
/** A second signal within this time counts as an echo of the first. */
const echoMs = 300;

afterAll(cleanUp);

const start = async (environment: Record<string, string> = {}) =>
  startServer({ DATA_DIR: await copyDataFolder(), ...environment });

/** A connection that has had an answer and is kept for the next request. */
async function openIdleConnection({ url }: ServerProcess, path = '/health'): Promise<RawConnection> {
  const connection = await openRawConnection(url);
  connection.send(`GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`);
  await vi.waitFor(() => expect(connection.received()).toMatch(/^HTTP\/1\.1 200 .*"status"/s), patience);
  return connection;
}

/** Sends the beginning of a request, and waits until the server has read it. */
async function begin(server: ServerProcess, connection: RawConnection, text: string): Promise<void> {
  connection.send(text);
  // The server has not necessarily read this text until it has answered a later request.
  await openIdleConnection(server);
}

/** A creation of a session whose last bytes are still to be sent, by `finish`. */
async function openRunningRequest(server: ServerProcess) {
  const connection = await openRawConnection(server.url);
  const body = JSON.stringify({ query: 'mutation { newAISession(input: { purpose: "Last words" }) { purpose } }' });
  const head = [
    'POST /graphql HTTP/1.1',
    'Host: test',
    'Content-Type: application/json',
    `Authorization: Bearer ${server.token}`,
    `Content-Length: ${body.length}`,
  ];
  await begin(server, connection, `${head.join('\r\n')}\r\n\r\n${body.slice(0, 20)}`);
  return { ...connection, finish: () => connection.send(body.slice(20)) };
}

function findTime({ logLines }: ServerProcess, message: string): number {
  return Number(new Date(String(logLines().find(({ msg }) => msg === message)?.['time'])));
}

/** Sends a signal, and waits until the server has begun to stop. */
async function stop(server: ServerProcess, signal: NodeJS.Signals): Promise<void> {
  server.kill(signal);
  await vi.waitFor(
    () => expect(server.logLines()).toContainEqual(expect.objectContaining({ msg: 'stopping' })),
    patience,
  );
}

async function expectEndBeforeCut(server: ServerProcess): Promise<void> {
  expect(await server.ended).toMatchObject(cleanEnd);
  expect(findTime(server, 'stopped') - findTime(server, 'stopping')).toBeLessThan(cutAfter);
}

const isRunning = ({ ended }: ServerProcess) => Promise.race([ended.then(() => false), sleep(0, true)]);
const countSessions = async ({ graphql }: ServerProcess) =>
  (await graphql('{ aiSessions { totalCount } }')).data.aiSessions.totalCount;

// Each test has a process of its own, and most of them wait.
describe.concurrent.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  test('ends the process with code 0, whatever clients hold open', async () => {
    const server = await start();
    await openIdleConnection(server);
    await openRawConnection(server.url);
    const { received } = await openRunningRequest(server);
    await stop(server, signal);
    expect(await server.ended).toMatchObject(cleanEnd);
    // The server would answer 408 after 30 seconds: it has cut the request off before.
    expect(received()).toBe('');
  });

  test('sent twice ends the process at once, with a code that is not 0', async () => {
    const server = await start();
    await openRunningRequest(server);
    await stop(server, signal);
    await sleep(2 * echoMs);
    expect(await isRunning(server)).toBe(true);
    server.kill(signal);
    const { code, signal: endSignal } = await server.ended;
    expect({ code, endSignal }).toEqual({ code: expect.any(Number), endSignal: null });
    expect(code).not.toBe(0);
  });
});

describe.concurrent('a stop', () => {
  test('is not hurried by the echo of its signal, as npm sends one', async () => {
    // From inside the process, the echo arrives in time on a busy machine, too.
    const sendEcho = `process.once('SIGINT', () => process.kill(process.pid, 'SIGINT'))`;
    const report = `process.on('SIGINT', () => console.log('{"msg":"SIGINT"}'))`;
    const module = encodeURIComponent(`${sendEcho};${report}`);
    const server = await start({ NODE_OPTIONS: `--import data:text/javascript,${module}` });
    const request = await openRunningRequest(server);
    server.kill('SIGINT');
    await vi.waitFor(() => expect(server.logLines().filter(({ msg }) => msg === 'SIGINT')).toHaveLength(2), patience);
    request.finish();
    await expectEndBeforeCut(server);
    expect(request.received()).toContain('Last words');
  });
});

describe('while a running request goes on after SIGTERM', () => {
  let DATA_DIR: string;
  let server: ServerProcess;
  let sessionsBefore: number;
  let wasRunning: boolean;
  let answerBefore: string;
  let answer: string;
  /** The statuses of /ready and of /health, each before the signal and after it. */
  let probes: number[][];

  beforeAll(async () => {
    DATA_DIR = await copyDataFolder();
    server = await startServer({ DATA_DIR });
    sessionsBefore = await countSessions(server);
    const [request, ready, health] = [
      await openRunningRequest(server),
      await openIdleConnection(server, '/ready'),
      await openIdleConnection(server, '/health'),
    ];
    // Half a request keeps the connections from being closed as idle.
    await begin(server, ready, 'GET /ready HTTP/1.1\r\n');
    await begin(server, health, 'GET /health HTTP/1.1\r\n');
    await stop(server, 'SIGTERM');
    for (const { send } of [ready, health]) send('Host: test\r\n\r\n');
    await vi.waitUntil(() => [ready, health].every(({ statuses }) => statuses().length === 2), patience);
    probes = [ready.statuses(), health.statuses()];
    wasRunning = await isRunning(server);
    answerBefore = request.received();
    request.finish();
    await server.ended;
    answer = request.received();
  });

  test('the process goes on, and ends with code 0 after the answer', async () => {
    expect(wasRunning).toBe(true);
    await expectEndBeforeCut(server);
  });

  test('/ready answers 200 before the signal, and 503 from then on', () => {
    expect(probes[0]).toEqual([200, 503]);
  });

  test('/health answers 200 before and after', () => {
    expect(probes[1]).toEqual([200, 200]);
  });

  test('the request gets its answer', () => {
    expect(answerBefore).toBe('');
    expect(answer).toMatch(/^HTTP\/1\.1 200 .*\{"data":\{"newAISession":\{"purpose":"Last words"\}\}\}/s);
  });

  test('what the request creates is saved', async () => {
    expect(await countSessions(await startServer({ DATA_DIR }))).toBe(sessionsBefore + 1);
  });
});
