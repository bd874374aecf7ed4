import { readdir } from 'node:fs/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { cleanUp, makeFolder, runScript, startServer } from '../../support/server-process.ts';
import { copyDataFolder } from '../../support/test-database.ts';
import { secret } from '../../support/sign-token.ts';

const dump = (environment: Record<string, string>) => runScript('src/commands/dump.ts', [], environment);

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
