import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cleanUp, makeFolder, runScript, startServer, type ServerProcess } from '../../support/server-process.ts';
import { createSession, sessionFields } from '../../support/test-server.ts';

afterAll(cleanUp);

describe('an empty folder, after a first process that stopped and a second one that was killed', () => {
  const input = { purpose: 'Outlive the process', idempotencyKey: 'the only one' };
  const listNames = '{ accounts { totalCount nodes: edges { node { name } } } }';
  /** Made by the token command before the first start. */
  let earlyToken: string;
  let first: ServerProcess;
  let third: ServerProcess;
  let accountsAtFirst: unknown;
  let created: { newAISession: { id: string } };

  beforeAll(async () => {
    const DATA_DIR = await makeFolder();
    earlyToken = (await runScript('src/commands/token.ts', ['--sub', 'early'], { DATA_DIR })).stdout.trim();
    first = await startServer({ DATA_DIR });
    accountsAtFirst = (await first.graphql(listNames)).data;
    first.kill('SIGTERM');
    await first.ended;
    const second = await startServer({ DATA_DIR });
    created = (await createSession(second, input)).data;
    second.kill('SIGKILL');
    await second.ended;
    third = await startServer({ DATA_DIR });
  });

  test('has the one demo account that the first start made', async () => {
    expect(accountsAtFirst).toEqual({ accounts: { totalCount: 1, nodes: [{ node: { name: 'Demo Account' } }] } });
    expect((await third.graphql(listNames)).data).toEqual(accountsAtFirst);
  });

  test('has its sessions', async () => {
    const { data } = await third.graphql(`query ($id: ID!) { aiSession(id: $id) { ${sessionFields} } }`, {
      id: created.newAISession.id,
    });
    expect(data.aiSession).toEqual(created.newAISession);
  });

  test('has its idempotency keys', async () => {
    expect((await createSession(third, input)).data).toEqual(created);
  });

  test('has its secret, so that a token outlives the process', async () => {
    const { data } = await third.graphql('{ viewer { id } }', {}, { token: first.token });
    expect(data.viewer).toEqual({ id: 'administrator' });
  });

  test('has the secret of the token that was made before the first start', async () => {
    const { data } = await third.graphql('{ viewer { id } }', {}, { token: earlyToken });
    expect(data.viewer).toEqual({ id: 'early' });
  });
});

test('a folder that a killed first start left half made is made anew', async () => {
  const folder = path.join(await makeFolder(), 'data');
  await mkdir(folder, { mode: 0o700 });
  await mkdir(path.join(folder, 'postgres'));
  await writeFile(path.join(folder, 'initializing'), '');
  await writeFile(path.join(folder, 'postgres', 'half'), '');
  const { graphql } = await startServer({ DATA_DIR: folder });
  expect((await graphql('{ accounts { totalCount } }')).data.accounts.totalCount).toBe(1);
  const names = await readdir(folder);
  expect(names).not.toContain('initializing');
  expect(await readdir(path.join(folder, 'postgres'))).not.toContain('half');
}, 90_000);
