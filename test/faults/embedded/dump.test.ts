import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { cleanUp, makeFolder, runScript, startServer } from '../../support/server-process.ts';
import { secret } from '../../support/sign-token.ts';
import { copyDataFolder } from '../../support/test-database.ts';

const dump = (environment: Record<string, string>, ...parameters: string[]) =>
  runScript('src/commands/dump.ts', parameters, environment);

/** Newer versions of pg_dump write a random word. */
const withoutNonce = (text: string) => text.replaceAll(/^\\(un)?restrict .*$/gm, '');

afterAll(cleanUp);

describe('a dump is refused, in words,', () => {
  test('while a server uses the folder', async () => {
    const DATA_DIR = await copyDataFolder();
    const server = await startServer({ DATA_DIR });
    expect(await dump({ DATA_DIR })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^Another server uses the folder .*Stop it/),
    });
    expect((await server.graphql('{ accounts { totalCount } }')).errors).toBeUndefined();
  });

  test('where there is no database, and none is made', async () => {
    const DATA_DIR = await makeFolder();
    const { code, stdout, stderr } = await dump({ DATA_DIR });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^There is no embedded database in /);
    expect(await readdir(DATA_DIR)).toEqual([]);
  });

  test('with DATABASE_URL', async () => {
    const { code, stderr } = await dump({ DATABASE_URL: 'postgres://db.example.com/sessions', AUTH_SECRET: secret });
    expect(code).toBe(1);
    expect(stderr).toMatch(/unset DATABASE_URL.*pg_dump/);
  });
});

describe('a dump with --output', () => {
  let folder: string;
  let output: string;

  beforeEach(async () => {
    folder = await makeFolder();
    output = path.join(folder, 'sessions.sql');
    await writeFile(output, 'an earlier dump', { mode: 0o600 });
  });

  test('replaces the file, which its owner alone may read, and says so', async () => {
    const DATA_DIR = await copyDataFolder();
    const { stdout } = await dump({ DATA_DIR });
    expect(await dump({ DATA_DIR }, '--output', output)).toMatchObject({
      code: 0,
      stdout: `The dump is in ${output}.\n`,
      stderr: '',
    });
    expect(withoutNonce(await readFile(output, 'utf8'))).toBe(withoutNonce(stdout));
    expect((await stat(output)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['sessions.sql']);
  });

  test('that is refused leaves the file as it was', async () => {
    const { code } = await dump({ DATA_DIR: folder }, '--output', output);
    expect(code).toBe(1);
    expect(await readFile(output, 'utf8')).toBe('an earlier dump');
    expect(await readdir(folder)).toEqual(['sessions.sql']);
  });

  test('that cannot be written says so, and leaves nothing behind', async () => {
    const DATA_DIR = await copyDataFolder();
    await mkdir(path.join(folder, 'folder'));
    for (const place of ['folder', 'no-such-folder/sessions.sql']) {
      const { code, stdout, stderr } = await dump({ DATA_DIR }, '--output', path.join(folder, place));
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(new RegExp(`^${path.join(folder, place)} was not written: `));
    }
    expect(await readdir(folder)).toEqual(['folder', 'sessions.sql']);
  });
});
