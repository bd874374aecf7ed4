import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { cleanUp, makeFolder, startServer, type ServerProcess } from '../../support/server-process.ts';
import { copyDataFolder } from '../../support/test-database.ts';
import { createSession } from '../../support/test-server.ts';

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

test.concurrent('an unhandled rejection is logged and ends the process', async () => {
  const server = await startWith(`Promise.reject(new Error('a fault of ours'))`);
  server.kill('SIGUSR2');
  expect(await server.ended).toMatchObject({ code: 1 });
  expect(server.logLines().at(-1)).toMatchObject({ level: 60, err: { message: 'a fault of ours' } });
});

describe('an unhandled error of the database driver', () => {
  let file: string;
  let server: ServerProcess;

  beforeAll(async () => {
    file = path.join(await makeFolder(), 'fault.js');
    server = await startWith(`eval(process.getBuiltinModule('fs').readFileSync(${JSON.stringify(file)}, 'utf8'))`);
  });

  test.each([
    ['the loss of a connection', `Promise.reject(Object.assign(new Error('lost'), { code: 'CONNECTION_CLOSED' }))`],
    ['a shutdown of the database', `Promise.reject(Object.assign(new Error('gone'), { code: '57P01' }))`],
    [
      'a write of the driver to a closed socket',
      'let socket = null; setImmediate(function nextWrite() { socket.write() })',
    ],
  ])('is logged, and the process goes on: %s', async (_what, code) => {
    const before = server.logLines().length;
    await writeFile(file, code);
    server.kill('SIGUSR2');
    const messages = () =>
      server
        .logLines()
        .slice(before)
        .map(({ msg }) => msg);
    await vi.waitFor(() => expect(messages()).toContain('unhandled driver error'), { timeout: 30_000 });
    expect(await createSession(server)).toMatchObject({ status: 200, errors: undefined });
  });
});
