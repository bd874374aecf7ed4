import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import type { TestProject } from 'vitest/node';
import { generateRestClients } from './generate-rest-clients';

/** Starts the server, as `npm start` does, on a free port and a new embedded database. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'ai-sessions-clients-'));
  const server = spawn(process.execPath, ['src/main.ts'], {
    cwd: path.join(import.meta.dirname, '../..'),
    env: { PATH: process.env['PATH'], PORT: '0', DATA_DIR: folder, LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(server, 'close');
  const link = await readLink(server);
  server.stdout.pipe(process.stdout);
  server.stderr.pipe(process.stderr);
  const url = new URL(link);
  project.provide('token', url.searchParams.get('token') ?? '');
  project.provide('url', `${url.origin}/graphql`);
  await generateRestClients(url.origin);
  return async () => {
    server.kill();
    await ended;
    await rm(folder, { recursive: true });
  };
}

/** Reads the link that signs in from the start-up lines, wherever they are written. */
function readLink(server: ChildProcessByStdio<null, Readable, Readable>): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let output = '';
  const read = (chunk: Buffer) => {
    output += chunk.toString();
    const [, link] = /^ {2}GraphiQL +(\S+)$/m.exec(output) ?? [];
    if (link) resolve(link);
  };
  server.stdout.on('data', read);
  server.stderr.on('data', read);
  server.once('close', () => reject(new Error(`The server ended. Was \`npm ci\` run in the root? ${output}`)));
  return promise.finally(() => {
    server.stdout.off('data', read);
    server.stderr.off('data', read);
  });
}
