import { execFileSync, spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';

const root = path.join(import.meta.dirname, '../..');

export interface Server {
  url: string;
  /** An administrator's. */
  token: string;
  stop: () => Promise<void>;
}

/** Starts the server, as `npm start` does, on a free port and a new embedded database. */
export async function startServer(variables: Record<string, string> = {}): Promise<Server> {
  const folder = await mkdtemp(path.join(tmpdir(), 'ai-sessions-clients-'));
  const env = { PATH: process.env['PATH'], PORT: '0', DATA_DIR: folder, LOG_LEVEL: 'warn', ...variables };
  const server = spawn(process.execPath, ['src/main.ts'], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(server, 'close');
  const url = await readUrl(server);
  server.stdout.pipe(process.stdout);
  server.stderr.pipe(process.stderr);
  const command = ['src/commands/token.ts', '--sub', 'alice', '--role', 'SystemAdministrator'];
  const token = execFileSync(process.execPath, command, { cwd: root, env, encoding: 'utf8' }).trim();
  return {
    url,
    token,
    async stop() {
      server.kill();
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

/** Reads the URL from the start-up lines, wherever they are written. */
function readUrl(server: ChildProcessByStdio<null, Readable, Readable>): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let output = '';
  const read = (chunk: Buffer) => {
    output += chunk.toString();
    const [, url] = /^ {2}GraphQL +(\S+)$/m.exec(output) ?? [];
    if (url) resolve(url);
  };
  server.stdout.on('data', read);
  server.stderr.on('data', read);
  server.once('close', () => reject(new Error(`The server ended. Was \`npm ci\` run in the root? ${output}`)));
  return promise.finally(() => {
    server.stdout.off('data', read);
    server.stderr.off('data', read);
  });
}
