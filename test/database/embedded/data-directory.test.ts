import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openEmbedded } from '../../../src/database/embedded/open-embedded.ts';
import { StartupError } from '../../../src/errors.ts';
import { createLogger } from '../../../src/observability/log.ts';
import { cleanUp, killProcesses, makeFolder, runScript } from '../../support/server-process.ts';

let folder: string;

beforeEach(async () => {
  folder = path.join(await makeFolder(), 'data');
  await mkdir(folder, { mode: 0o700 });
});
afterEach(killProcesses);
afterAll(cleanUp);

const modeOf = async (name: string) => ((await stat(name)).mode % 0o1000).toString(8);

/** What opening the database says that is refused. */
async function refusal(): Promise<string> {
  const log = createLogger('silent', process.stdout);
  const error: unknown = await openEmbedded(folder, 1000, log, { logQuery: () => {} }).catch((fault: unknown) => fault);
  expect(error).toBeInstanceOf(StartupError);
  expect(String(error)).not.toMatch(/^ +at /m);
  return String(error);
}

describe('a folder of the database', () => {
  test('whose PG_VERSION is gone is not made anew, but told in words', async () => {
    await mkdir(path.join(folder, 'postgres'));
    await writeFile(path.join(folder, 'postgres', 'PG_VERSION'), '18\n');
    await writeFile(path.join(folder, 'postgres', 'rows'), 'of value');
    await rm(path.join(folder, 'postgres', 'PG_VERSION'));
    expect(await refusal()).toMatch(/postgres holds files.*PG_VERSION.*backup/);
    expect(await readdir(path.join(folder, 'postgres'))).toEqual(['rows']);
  });

  test('whose lock is damaged is told in words', async () => {
    await writeFile(path.join(folder, 'lock'), 'no database, but longer than the head of one '.repeat(100));
    expect(await refusal()).toMatch(/Cannot lock .*lock: file is not a database.*delete/);
  });

  test('that is a file is told in words', async () => {
    await rm(folder, { recursive: true });
    await writeFile(folder, '');
    expect(await refusal()).toMatch(/Cannot .*DATA_DIR/);
  });
});

describe('a DATA_DIR that is open to other users', () => {
  beforeEach(() => chmod(folder, 0o755));

  test('is closed at start', async () => {
    await mkdir(path.join(folder, 'postgres'));
    // Ends the start before it makes a database, which takes long.
    await writeFile(path.join(folder, 'postgres', 'rest'), '');
    await refusal();
    expect(await modeOf(folder)).toBe('700');
  });

  test('is closed by the token command too', async () => {
    expect(await runScript('src/commands/token.ts', ['--sub', 'alice'], { DATA_DIR: folder })).toMatchObject({
      code: 0,
    });
    expect(await modeOf(folder)).toBe('700');
  });

  test('is refused in words, and left as it is, where it holds files of others', async () => {
    await writeFile(path.join(folder, 'letter'), '');
    expect(await refusal()).toMatch(/open to other users.*holds other files.*chmod 700/);
    expect(await modeOf(folder)).toBe('755');
  });
});

test.skipIf(process.getuid?.() !== 0)(
  'for root too, a folder of somebody else is refused, and left as it is',
  async () => {
    await chown(folder, 65_534, 65_534);
    expect(await refusal()).toMatch(/DATA_DIR .*belongs to another user.*65534.*own/);
    expect(await readdir(folder)).toEqual([]);
  },
);

describe.skipIf(process.getuid?.() !== 0)('for a user who is not root', () => {
  const nobody = { uid: 65_534, gid: 65_534 };
  const module = path.join(import.meta.dirname, '../../../src/database/embedded/data-directory.ts');

  /** What the lock of the folder says to this user. */
  async function tryToLock(): Promise<string> {
    await chmod(path.dirname(folder), 0o755);
    const code = `import { lockDataDirectory } from ${JSON.stringify(module)};
      try { lockDataDirectory(${JSON.stringify(folder)}); console.log('locked'); }
      catch (error) { console.log(error.constructor.name, error.message); }`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], nobody);
    return stdout;
  }

  test('an own folder is locked', async () => {
    await chown(folder, nobody.uid, nobody.gid);
    expect(await tryToLock()).toBe('locked\n');
  });

  test('a folder that he cannot write is told in words', async () => {
    await chown(folder, nobody.uid, nobody.gid);
    await chmod(folder, 0o500);
    expect(await tryToLock()).toMatch(/^StartupError Cannot write to DATA_DIR .*permission denied/);
  });

  test('a folder of somebody else that is open to him is told in words', async () => {
    await chmod(folder, 0o777);
    expect(await tryToLock()).toMatch(/^StartupError DATA_DIR .*belongs to another user.*own/);
    expect(await modeOf(folder)).toBe('777');
  });

  test('a lock that he cannot write is told in words', async () => {
    await writeFile(path.join(folder, 'lock'), '', { mode: 0o600 });
    await chown(folder, nobody.uid, nobody.gid);
    expect(await tryToLock()).toMatch(/^StartupError Cannot lock .*/);
  });
});
