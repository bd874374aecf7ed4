import { execFile } from 'node:child_process';
import { cp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cleanUp, makeFolder, runScript } from '../../support/server-process.ts';

const root = path.join(import.meta.dirname, '../../..');
const nothingSaid = { code: 0, stdout: '', stderr: '' };
let project: string;
let schema: string;

beforeAll(async () => {
  project = await makeFolder();
  for (const name of ['src', 'package.json', 'schema.graphql'])
    await cp(path.join(root, name), path.join(project, name), { recursive: true });
  await symlink(path.join(root, 'node_modules'), path.join(project, 'node_modules'));
  schema = await readFile(path.join(project, 'schema.graphql'), 'utf8');
});
afterEach(() => rm(path.join(project, '.git'), { recursive: true, force: true }));
afterAll(cleanUp);

const check = () => runScript(path.join(project, 'src/commands/schema.ts'), ['--check']);

/** The schema with a field more. */
const withField = (field: string) => schema.replace('\ntype Viewer {', `\ntype Viewer {\n  ${field}\n`);

test('without a repository, there is nothing to compare', async () => {
  expect(await check()).toMatchObject(nothingSaid);
});

describe('in a repository', () => {
  beforeEach(async () => {
    await git('init', '--quiet');
  });

  test('without a tag, there is nothing to compare', async () => {
    expect(await check()).toMatchObject(nothingSaid);
  });

  test('with a tag whose schema is the same, there is nothing to say', async () => {
    await release('v1.0.0', schema);
    expect(await check()).toMatchObject(nothingSaid);
  });

  test('a field that went since the tag fails the check, in words', async () => {
    await release('v1.0.0', withField('color: String'));
    const { code, stdout, stderr } = await check();
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('v1.0.0');
    expect(stderr).toContain('Viewer.color was removed.');
    expect(stderr).toContain('deprecationReason');
    expect(stderr).not.toMatch(/^ +at /m);
  });

  test('every breaking change is named', async () => {
    await release(
      'v1.0.0',
      withField('color: String').replace('  accountName: String\n', '  accountName: String!\n  oldName: String\n'),
    );
    const { stderr } = await check();
    expect(stderr).toContain('Viewer.color was removed.');
    expect(stderr).toContain('AISessionInfo.accountName changed type from String! to String.');
    expect(stderr).toContain('AISessionInfo.oldName was removed.');
  });

  test('a field that came since the tag is fine', async () => {
    const without = schema.replace(/ {2}"""[^"]*"""\n {2}roles: .*\n/, '');
    expect(without).not.toBe(schema);
    await release('v1.0.0', without);
    expect(await check()).toMatchObject(nothingSaid);
  });

  test('what the tag had deprecated may go', async () => {
    await release('v1.0.0', withField('color: String @deprecated(reason: "Nobody has one.")'));
    expect(await check()).toMatchObject(nothingSaid);
  });

  test('what went before the newest tag is not named again', async () => {
    for (const tag of ['v1.0.0', 'v1.9.0']) await release(tag, withField('color: String'));
    await release('v1.10.0', schema);
    expect(await check()).toMatchObject(nothingSaid);
  });

  test('a release counts as newer than its candidates', async () => {
    await release('v1.0.0-rc.1', withField('color: String'));
    await release('v1.0.0', schema);
    expect(await check()).toMatchObject(nothingSaid);
  });

  test('a tag from before the schema was a file has nothing to compare', async () => {
    await git('commit', '--quiet', '--allow-empty', '--message', 'Start');
    await git('tag', 'v0.1.0');
    expect(await check()).toMatchObject(nothingSaid);
  });
});

/** Tags a commit whose schema is the given one. The project's files are as before afterwards. */
async function release(tag: string, text: string): Promise<void> {
  const file = path.join(project, 'schema.graphql');
  await writeFile(file, text);
  await git('add', 'schema.graphql');
  await git('commit', '--quiet', '--allow-empty', '--message', tag);
  await git('tag', tag);
  await writeFile(file, schema);
}

/** Git as if this machine had no settings. */
async function git(...parameters: string[]): Promise<void> {
  const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com'];
  const env = { PATH: process.env['PATH'], HOME: project, GIT_CONFIG_NOSYSTEM: '1' };
  await promisify(execFile)('git', [...identity, ...parameters], { cwd: project, env });
}
