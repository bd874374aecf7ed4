import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canRunPostgres, startPostgres, type PostgresServer } from '../../support/postgres-server.ts';
import {
  makeToken,
  startService,
  summarise,
  unavailable,
  type PostgresService,
} from '../../support/postgres-service.ts';
import { cleanUp } from '../../support/server-process.ts';

// PostgreSQL keeps a transaction whose wait for the standby is cancelled: others see it, and a failover loses it.
describe.skipIf(!canRunPostgres)('while a synchronous standby is away', () => {
  let primary: PostgresServer;
  let standby: PostgresServer;
  let service: PostgresService;

  beforeAll(async () => {
    primary = await startPostgres();
    standby = await primary.startStandby();
    const hosts = [primary, standby].map(({ port }) => `127.0.0.1:${port}`);
    service = await startService(`postgres://app@${hosts.join()}/app`, makeToken());
  });
  afterAll(async () => {
    await cleanUp();
    await Promise.all([primary.remove(), standby.remove()]);
  });

  const input = { idempotencyKey: 'once', purpose: 'Replicated' };
  const create = () => service.createSession(input);

  test('neither a creation nor its retry is acknowledged, and what is acknowledged later survives a failover', async () => {
    await standby.stop('fast');
    const away = [summarise(await create()), summarise(await create()), summarise(await create())];
    await standby.start();
    await expect.poll(async () => (await create()).errors, { interval: 300 }).toBeUndefined();
    const acknowledged = (await create()).data.newAISession.id;
    await primary.stop('immediate');
    await standby.promote();
    await expect.poll(async () => (await create()).errors, { interval: 300 }).toBeUndefined();
    const found = await service.send('query ($id: ID!) { aiSession(id: $id) { id } }', { id: acknowledged });
    expect(away).toEqual([unavailable, unavailable, unavailable]);
    expect((await create()).data.newAISession.id).toBe(acknowledged);
    expect(found.data.aiSession).toEqual({ id: acknowledged });
  });
});
