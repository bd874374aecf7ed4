import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    url: string;
    /** An administrator's. */
    token: string;
  }
}

/** Starts the server, as `npm start` does, on a free port and a new embedded database. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'ai-sessions-clients-'));
  const server = spawn(process.execPath, ['src/main.ts'], {
    cwd: path.join(import.meta.dirname, '../..'),
    env: { PATH: process.env['PATH'], PORT: '0', DATA_DIR: folder, LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(server, 'close');
  let output = '';
  for await (const chunk of server.stdout.iterator({ destroyOnReturn: false })) {
    output += chunk;
    if (/^ {2}Database /m.test(output)) break;
  }
  const link = /^ {2}GraphiQL +(\S+)$/m.exec(output)?.[1];
  if (!link) throw new Error(`The server did not start. Was \`npm ci\` run in the root? ${output}`);
  server.stdout.pipe(process.stdout);
  const url = new URL(link);
  project.provide('token', url.searchParams.get('token') ?? '');
  project.provide('url', `${url.origin}/graphql`);
  return async () => {
    server.kill();
    await ended;
    await rm(folder, { recursive: true });
  };
}
