import { afterAll, expect, test } from 'vitest';
import { cleanUp, startServer, type ServerProcess } from '../../support/server-process.ts';
import { copyDataFolder } from '../../support/test-database.ts';

afterAll(cleanUp);

/** Starts a server that runs this code, outside of any request, at each SIGUSR2. */
async function startWith(code: string): Promise<ServerProcess> {
  const module = encodeURIComponent(`process.on('SIGUSR2', () => { ${code} })`);
  return startServer({ DATA_DIR: await copyDataFolder(), NODE_OPTIONS: `--import data:text/javascript,${module}` });
}

test.concurrent('an uncaught error is logged and ends the process', async () => {
  const server = await startWith(`throw new Error('a fault of ours')`);
  server.kill('SIGUSR2');
  expect(await server.ended).toMatchObject({ code: 1 });
  expect(server.logLines().at(-1)).toMatchObject({ level: 60, err: { message: 'a fault of ours' } });
});

test.concurrent.each([
  ['a rejection', `Promise.reject(new Error('a fault of ours'))`],
  ['an error of a socket', `Promise.reject(Object.assign(new Error('a fault of ours'), { code: 'ECONNRESET' }))`],
])('%s that is not handled is logged and ends the process', async (_what, code) => {
  const server = await startWith(code);
  server.kill('SIGUSR2');
  expect(await server.ended).toMatchObject({ code: 1 });
  expect(server.logLines().at(-1)).toMatchObject({ level: 60, err: { message: 'a fault of ours' } });
});
