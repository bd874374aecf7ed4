import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { patience } from '../../support/patience.ts';
import { cleanUp, makeFolder, spawnScript, startServer } from '../../support/server-process.ts';

afterEach(cleanUp);

test('SIGTERM while the embedded database opens ends the process with code 0, and the next start is as good', async () => {
  const DATA_DIR = await makeFolder();
  const child = spawnScript('src/main.ts', [], { DATA_DIR }, 'ignore');
  const ended = once(child, 'exit');
  // Then the database is made, which takes longer than a second.
  await vi.waitUntil(() => existsSync(path.join(DATA_DIR, 'lock')), patience);
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  const { graphql } = await startServer({ DATA_DIR });
  expect(await graphql('{ accounts { totalCount } }')).toMatchObject({ data: { accounts: { totalCount: 1 } } });
});
