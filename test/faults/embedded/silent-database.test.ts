import { expect, test } from 'vitest';
import { readFailure, send } from '../../support/rest-request.ts';
import { startTestServer } from '../../support/test-server.ts';

test('a database that does not answer in time is a 503 with Retry-After', async () => {
  const silent = await startTestServer({ DATABASE_TIMEOUT_MS: '200' }, (database) => ({
    ...database,
    run: (_work, bulkhead) => database.run(() => new Promise(() => {}), bulkhead),
  }));
  const answer = await send(silent, 'GET', '/ai/sessions');
  await silent.stop();
  expect(answer.status).toBe(503);
  expect(answer.headers.get('Retry-After')).toMatch(/^\d+$/);
  expect(readFailure(answer).errorCode).toBe('ServiceUnavailable');
});
