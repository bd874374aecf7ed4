import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { cleanUp, makeFolder, runScript } from '../support/server-process.ts';

afterEach(cleanUp);

test('the process reports the faults of its configuration on stderr and ends with 1', async () => {
  const DATA_DIR = await makeFolder();
  const { code, stdout, stderr } = await runScript('src/main.ts', [], { DATA_DIR, PORT: 'abc', LOG_LEVEL: 'loud' });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/PORT.*LOG_LEVEL/s);
  expect(stderr).not.toMatch(/^ +at /m);
});

test.each([
  ['src/main.ts', []],
  ['src/commands/token.ts', ['--sub', 'alice']],
])('%s reports that DATA_DIR is not a folder', async (script, parameters) => {
  const DATA_DIR = path.join(await makeFolder(), 'file');
  await writeFile(DATA_DIR, '');
  const { code, stdout, stderr } = await runScript(script, parameters, { DATA_DIR });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(DATA_DIR);
  expect(stderr).not.toMatch(/^ +at /m);
});
