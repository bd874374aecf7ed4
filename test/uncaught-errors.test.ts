import { afterAll, expect, test, vi } from 'vitest';
import { cleanUp, startServer, type ServerProcess } from './server-process.ts';
import { copyDataFolder } from './test-database.ts';

afterAll(cleanUp);

/** Starts the server, and makes it run code outside of any request. */
async function startAndRun(code: string): Promise<ServerProcess> {
  const module = encodeURIComponent(`process.on('SIGUSR2', () => { ${code} })`);
  const server = await startServer({
    DATA_DIR: await copyDataFolder(),
    NODE_OPTIONS: `--import data:text/javascript,${module}`,
  });
  server.kill('SIGUSR2');
  return server;
}

test.concurrent('an uncaught error is logged and ends the process', async () => {
  const server = await startAndRun(`throw new Error('a fault of ours')`);
  expect(await server.ended).toMatchObject({ code: 1 });
  expect(server.logLines().at(-1)).toMatchObject({ level: 60, err: { message: 'a fault of ours' } });
});

test.concurrent('an unhandled rejection is logged and ends the process', async () => {
  const server = await startAndRun(`Promise.reject(new Error('a fault of ours'))`);
  expect(await server.ended).toMatchObject({ code: 1 });
  expect(server.logLines().at(-1)).toMatchObject({ level: 60, err: { message: 'a fault of ours' } });
});

test.concurrent.each([
  ['the loss of a connection', `Promise.reject(Object.assign(new Error('lost'), { code: 'CONNECTION_CLOSED' }))`],
  ['a shutdown of the database', `Promise.reject(Object.assign(new Error('gone'), { code: '57P01' }))`],
  [
    'a write of the driver to a closed socket',
    'let socket = null; setImmediate(function nextWrite() { socket.write() })',
  ],
])('%s that is unhandled is logged, and the process goes on', async (_what, code) => {
  const server = await startAndRun(code);
  const messages = () => server.logLines().map(({ msg }) => msg);
  await vi.waitFor(() => expect(messages()).toContain('unhandled driver error'), { timeout: 30_000 });
  const { data } = await server.graphql('mutation { newAISession(input: {}) { purpose } }');
  expect(data).toEqual({ newAISession: { purpose: null } });
});
