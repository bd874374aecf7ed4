import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { patience } from '../../support/patience.ts';
import { cleanUp } from '../../support/server-process.ts';
import { copyDataFolder } from '../../support/test-database.ts';

const root = path.join(import.meta.dirname, '../../..');
/** Runs a command at a terminal of its own. */
const canBeTerminal = spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0;

afterAll(cleanUp);

test.skipIf(!canBeTerminal)('at a terminal, the start-up lines are on stdout, and a request is one line', async () => {
  const env = { ...process.env, DATA_DIR: await copyDataFolder(), PORT: '0', LOG_LEVEL: 'info' };
  const command = `exec ${process.execPath} src/main.ts 2> /dev/null`;
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString().replaceAll('\r', '')));
  await vi.waitUntil(() => /GraphiQL  \S+\n/.test(output), patience);
  const [, url = ''] = /GraphQL   (\S+)\n/.exec(output) ?? [];
  const before = output;
  await (await fetch(`${url}?query={__typename}`)).text();
  await vi.waitUntil(() => output.length > before.length && output.endsWith('\n'), patience);
  child.kill('SIGTERM');
  await once(child, 'close');
  const lines = output.slice(before.length).trimEnd().split('\n');
  expect(lines.filter((line) => !/stopp/.test(line))).toEqual([expect.stringMatching(/request.*"path":"\/graphql"/)]);
  expect(before).not.toContain('{');
});
