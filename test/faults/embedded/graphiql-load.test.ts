import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { cleanUp, startServer } from '../../support/server-process.ts';
import { copyDataFolder } from '../../support/test-database.ts';

const preload = path.join(import.meta.dirname, '../../support/graphiql-preload.ts');

afterAll(cleanUp);

test('a failed load of GraphiQL is told as such, and tried again at the next request', async () => {
  const server = await startServer({ DATA_DIR: await copyDataFolder(), NODE_OPTIONS: `--import ${preload}` });
  const open = () => fetch(`${server.url}/graphql`, { headers: { Accept: 'text/html', Connection: 'close' } });
  for (let count = 0; count < 2; count += 1) {
    const failed = await open();
    expect(failed.status).toBe(500);
    expect(await failed.json()).toEqual({ message: expect.stringContaining('Something went wrong on our side') });
  }
  const page = await open();
  expect(page.status).toBe(200);
  expect(page.headers.get('Content-Type')).toBe('text/html; charset=utf-8');
  await expect.poll(() => server.logLines().filter(({ msg }) => msg === 'unexpected error').length).toBe(2);
});
