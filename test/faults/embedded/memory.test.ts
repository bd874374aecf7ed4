import { afterAll, expect, test } from 'vitest';
import { canMeasureMemory, readMemory } from '../../support/process-memory.ts';
import { cleanUp, makeFolder, startServer } from '../../support/server-process.ts';
import { createSession } from '../../support/test-server.ts';

afterAll(cleanUp);

test.skipIf(!canMeasureMemory)('the first start and the second, with 100 creations, take at most 600 MB', async () => {
  const folder = await makeFolder();
  for (const start of ['first', 'second']) {
    const server = await startServer({ DATA_DIR: folder });
    await Promise.all(Array.from({ length: 100 }, () => createSession(server, {})));
    expect(readMemory(server.pid).peak, `the ${start} start`).toBeLessThan(600);
    server.kill('SIGTERM');
    await server.ended;
  }
});
