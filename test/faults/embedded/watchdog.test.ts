import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { canMount } from '../../support/mount.ts';
import { cleanUp, makeFolder } from '../../support/server-process.ts';
import { copyDataFolder } from '../../support/test-database.ts';

const watchdog = path.join(import.meta.dirname, '../../../src/database/embedded/watchdog.ts');
const running: (() => void)[] = [];

afterAll(() => {
  for (const kill of running.splice(0)) kill();
});

/** Runs code under a watchdog that allows half a second of computing. */
async function runWatched(code: string, before = '') {
  const script = `
    import { startWatchdog } from ${JSON.stringify(watchdog)};
    ${before}
    startWatchdog(500);
    process.stdout.write('started\\n');
    setTimeout(async () => { ${code} }, 500);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  running.push(() => child.kill('SIGKILL'));
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, signal: child.signalCode, stderr }));
  await once(child.stdout, 'data');
  return { ended, kill: (signal: NodeJS.Signals) => child.kill(signal) };
}

const cleanEnd = { code: 0, signal: null, stderr: '' };

test.concurrent('a process that computes for ever is ended, and told about in words', async () => {
  const { ended } = await runWatched('for (;;);');
  expect(await ended).toMatchObject({ signal: 'SIGKILL', stderr: expect.stringMatching(/no longer reacts/) });
});

test.concurrent('a process that was suspended goes on', async () => {
  const { ended, kill } = await runWatched('setTimeout(() => process.exit(), 1500);');
  kill('SIGSTOP');
  await sleep(3000);
  kill('SIGCONT');
  expect(await ended).toEqual(cleanEnd);
});

test.concurrent('a process that waits, as in a debugger, goes on', async () => {
  const wait = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000);';
  const { ended } = await runWatched(`${wait} process.exit();`);
  expect(await ended).toEqual(cleanEnd);
});

test.concurrent('a process that computes much, but with pauses, goes on', async () => {
  const compute = 'for (const end = performance.now() + 100; performance.now() < end; );';
  const pause = 'await new Promise((resolve) => setTimeout(resolve, 300));';
  const { ended } = await runWatched(
    `for (let round = 0; round < 10; round += 1) { ${compute} ${pause} } process.exit();`,
  );
  expect(await ended).toEqual(cleanEnd);
});

test.skipIf(!canMount()).concurrent('a database that panics on a full disk does not hang its process', async () => {
  const disk = await makeFolder();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=90m', 'tmpfs', disk]);
  cpSync(path.join(await copyDataFolder(), 'postgres'), path.join(disk, 'postgres'), { recursive: true });
  try {
    const open = `
      import { PGlite } from '@electric-sql/pglite';
      const database = await PGlite.create(${JSON.stringify(path.join(disk, 'postgres'))});`;
    // Fills the write-ahead log, which is what the database cannot do without.
    const fill = `for (;;) await database.query("select pg_logical_emit_message(true, '', repeat('x', 1000000))").catch(() => {});`;
    const { ended } = await runWatched(fill, open);
    expect(await ended).toMatchObject({ signal: 'SIGKILL', stderr: expect.stringMatching(/disk is full/) });
  } finally {
    execFileSync('umount', [disk]);
    await cleanUp();
  }
});
