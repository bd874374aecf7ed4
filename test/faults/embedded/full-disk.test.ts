import { execFileSync } from 'node:child_process';
import { cpSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canMount } from '../../support/mount.ts';
import {
  cleanUp,
  killProcesses,
  makeFolder,
  runScript,
  startServer,
  type ServerProcess,
} from '../../support/server-process.ts';
import { copyDataFolder } from '../../support/test-database.ts';

const megabyte = 1_000_000;
const create = 'mutation { newAISession(input: { purpose: "Fill the disk" }) { id } }';

describe.skipIf(!canMount())('a disk that is nearly full', () => {
  let disk: string;
  let environment: Record<string, string>;
  let server: ServerProcess;

  /** Makes the disk so small, or so large, that so much space is free, in bytes. */
  function leave(bytes: number): void {
    const { blocks, bfree, bsize } = statfsSync(disk);
    execFileSync('mount', ['-o', `remount,size=${(blocks - bfree) * bsize + bytes}`, disk]);
  }

  const createSession = async () => (await server.graphql(create)).errors?.[0];
  const countSessions = async () => (await server.graphql('{ aiSessions { totalCount } }')).data.aiSessions.totalCount;
  const messages = () => server.logLines().map(({ msg }) => msg);
  const ready = async () => {
    const response = await fetch(`${server.url}/ready`);
    const { status } = await response.json();
    return { code: response.status, status };
  };

  beforeAll(async () => {
    disk = await makeFolder();
    environment = { DATA_DIR: path.join(disk, 'data') };
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=300m', 'tmpfs', disk]);
    cpSync(await copyDataFolder(), path.join(disk, 'data'), { recursive: true });
    server = await startServer(environment);
  }, 90_000);
  afterAll(async () => {
    await killProcesses();
    execFileSync('umount', [disk]);
    await cleanUp();
  });

  test.each([100, 0])('refuses creations at %i MB, and goes on reading and living', async (free) => {
    leave(200 * megabyte);
    await expect.poll(createSession).toBeUndefined();
    const before = await countSessions();
    leave(free * megabyte);
    await expect
      .poll(createSession)
      .toMatchObject({
        message: expect.stringMatching(/disk.*nearly full.*try again later/i),
        extensions: { code: 'SERVICE_UNAVAILABLE' },
      });
    const after = await countSessions();
    for (let count = 0; count < 100; count += 1) expect(await createSession()).toBeDefined();
    expect(await countSessions()).toBe(after);
    // One may have been written before the server looked at the disk.
    expect(after - before).toBeLessThanOrEqual(10);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });

  test('is told to operators by /ready and the log, and its end too', async () => {
    leave(100 * megabyte);
    await expect.poll(ready).toEqual({ code: 503, status: expect.stringMatching(/disk.*nearly full/) });
    await expect.poll(messages).toContainEqual(expect.stringContaining(`The disk of DATA_DIR ${disk}`));
    leave(200 * megabyte);
    await expect.poll(ready).toEqual({ code: 200, status: 'ready' });
    expect(await createSession()).toBeUndefined();
  });

  test('hinders neither SIGTERM nor a later start; until there is space, a start is refused in words', async () => {
    leave(0);
    await expect.poll(createSession).toBeDefined();
    server.kill('SIGTERM');
    expect(await server.ended).toMatchObject({ code: 0, stderr: '' });
    const { code, stderr } = await runScript('src/main.ts', [], environment);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^The disk of DATA_DIR .*0 MB.*\n$/) });
    leave(200 * megabyte);
    server = await startServer(environment);
    expect(await createSession()).toBeUndefined();
  }, 90_000);
});
