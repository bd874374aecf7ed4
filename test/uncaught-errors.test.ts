import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { cleanUp, killProcesses, startServer, type ServerProcess } from './server-process.ts';
import { copyDataFolder } from './test-database.ts';

let folder: string;

beforeAll(async () => {
  folder = await copyDataFolder();
});
afterEach(killProcesses);
afterAll(cleanUp);

/** Starts the server, and makes it run code outside of any request. */
async function startAndRun(code: string): Promise<ServerProcess> {
  const module = encodeURIComponent(`process.on('SIGUSR2', () => { ${code} })`);
  const server = await startServer({ DATA_DIR: folder, NODE_OPTIONS: `--import data:text/javascript,${module}` });
  server.kill('SIGUSR2');
  return server;
}

test('an uncaught error is logged and ends the process', async () => {
  const server = await startAndRun(`throw new Error('a fault of ours')`);
  expect(await server.ended).toMatchObject({ code: 1 });
  expect(server.logLines().at(-1)).toMatchObject({ level: 60, err: { message: 'a fault of ours' } });
});

test('an unhandled rejection is logged and ends the process', async () => {
  const server = await startAndRun(`Promise.reject(new Error('a fault of ours'))`);
  expect(await server.ended).toMatchObject({ code: 1 });
  expect(server.logLines().at(-1)).toMatchObject({ level: 60, err: { message: 'a fault of ours' } });
});

test.each([
  ['the loss of a connection', `Promise.reject(Object.assign(new Error('lost'), { code: 'CONNECTION_CLOSED' }))`],
  ['a shutdown of the database', `Promise.reject(Object.assign(new Error('gone'), { code: '57P01' }))`],
  [
    'a write of the driver to a closed socket',
    'let socket = null; setImmediate(function nextWrite() { socket.write() })',
  ],
])('%s that is unhandled is logged, and the process goes on', async (_what, code) => {
  const server = await startAndRun(code);
  await expect.poll(() => server.logLines().map(({ msg }) => msg)).toContain('unhandled driver error');
  expect(await server.graphql('mutation { newAISession(input: {}) { purpose } }')).toMatchObject({ status: 200 });
});
