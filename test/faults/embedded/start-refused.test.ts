import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config.ts';
import { cleanUp, makeFolder, runScript, startServer } from '../../support/server-process.ts';

const root = path.join(import.meta.dirname, '../../..');

afterEach(cleanUp);

/** Runs a command to its end in the shell, with Node.js as its `$0`. */
async function runShell(command: string, DATA_DIR: string) {
  const env = { ...process.env, DATA_DIR, PORT: '0' };
  const child = spawn('sh', ['-c', command, process.execPath], { cwd: root, env });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdout.resume();
  const [code]: unknown[] = await once(child, 'close');
  return { code, stderr };
}

describe('the server refuses', () => {
  test.each([['--port', '5000'], ['--help'], ['5000']])(
    'the parameter %s, and names its variables',
    async (...given) => {
      const { code, stdout, stderr } = await runScript('src/main.ts', given);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain(given[0]);
      expect(stderr.match(/^ {2}[A-Z_]+$/gm)?.length).toBeGreaterThanOrEqual(Object.keys(loadConfig({})).length);
      expect(stderr).toContain('src/server/README.md');
    },
  );

  test('a DATA_DIR that cannot be made, with the reason', async () => {
    const { code, stderr } = await runScript('src/main.ts', [], { DATA_DIR: '/proc/nothing/data' });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^Cannot make DATA_DIR \/proc\/nothing\/data, so set it .*: ENOENT.* mkdir '\/proc\/nothing'\n$/,
    );
  });

  test.skipIf(process.getuid?.() !== 0)('a DATA_DIR on a read-only disk, with the reason', async () => {
    const disk = await mkdtemp(path.join(await makeFolder(), 'disk-'));
    const command = `mount -t tmpfs -o ro none ${disk} && exec "$0" src/main.ts`;
    const { code, stderr } = await runShell(`unshare -m sh -c '${command}' "$0"`, `${disk}/a/data`);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Cannot make DATA_DIR .*: EROFS: read-only file system/);
  });

  test('to open the embedded database without memory for it, with the reason', async () => {
    const { code, stderr } = await runShell('ulimit -v 5000000; exec "$0" src/main.ts', await makeFolder());
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Cannot open the embedded database in .*: PGlite failed.*\n.*ulimit -v .* lacks memory/);
  });
});

test('a Node.js that cannot run TypeScript is reported before a script of npm runs', async () => {
  const asOld = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })`;
  const NODE_OPTIONS = `--import="data:text/javascript,${encodeURIComponent(asOld)}"`;
  const { code, stderr } = await runScript('src/commands/require-node.cjs', [], { NODE_OPTIONS });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^AI Sessions needs Node\.js \d+\.\d+ or newer, and this is 20\.20\.2 /);
});

test('the first start, and no other, says that it prepares the database', async () => {
  const DATA_DIR = await makeFolder();
  for (const expected of [['preparing the embedded database', 'ready'], ['ready']]) {
    const server = await startServer({ DATA_DIR });
    await expect.poll(() => server.logLines().map(({ msg }) => String(msg).replace(/ in .*/, ''))).toEqual(expected);
    server.kill('SIGKILL');
    await server.ended;
  }
});
