import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canRunPostgres } from '../../support/postgres-server.ts';
import { openBench, readAtOnce, type Bench } from '../../support/postgres-service.ts';

describe.skipIf(!canRunPostgres)('the log, while the database is away', () => {
  let bench: Bench;

  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench.close());

  test('says what is wrong once, counts the rest, and tells when it is over', { timeout: 60_000 }, async () => {
    await bench.proxy.refuse();
    for (let round = 0; round < 4; round += 1) await readAtOnce(bench.service, 50);
    const messages = () => bench.service.logLines().map(({ msg }) => msg);
    await expect.poll(messages).toContain('service still unavailable');
    await bench.proxy.forward();
    await expect.poll(messages).toContain('service available again: no failures for 10 seconds');
    const lines = bench.service.logLines();
    expect(lines.filter(({ msg }) => msg === 'request')).toHaveLength(200);
    const causes = lines.filter(({ msg }) => msg === 'service unavailable').map(({ err }) => err);
    for (const cause of causes) expect(cause).toMatchObject({ stack: expect.arrayContaining([expect.any(String)]) });
    const counts = lines.filter(({ msg }) => msg === 'service still unavailable').map(({ count }) => Number(count));
    // The request that was first of its cause has a line of its own.
    expect(causes.length + counts.reduce((sum, count) => sum + count, 0)).toBe(200);
    expect(causes.length).toBeLessThanOrEqual(3);
    expect(lines.length).toBeLessThanOrEqual(220);
  });
});
