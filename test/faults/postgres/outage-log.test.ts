import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { patience } from '../../support/patience.ts';
import { canRunPostgres } from '../../support/postgres-server.ts';
import { openBench, readAtOnce, type Bench } from '../../support/postgres-service.ts';

describe.skipIf(!canRunPostgres)('the log, while the database is away', () => {
  let bench: Bench;

  beforeEach(async () => {
    bench = await openBench();
  });
  afterEach(() => bench.close());

  test('says what is wrong once, counts the rest, and tells when it is over', { timeout: 60_000 }, async () => {
    await bench.proxy.refuse();
    for (let round = 0; round < 4; round += 1) await readAtOnce(bench.service, 50);
    const messages = () => bench.service.logLines().map(({ msg }) => msg);
    await expect.poll(messages, patience).toContain('service still unavailable');
    await bench.proxy.forward();
    await expect.poll(messages, patience).toContain('service available again: no failures for 10 seconds');
    const lines = bench.service.logLines();
    const requests = lines.map(({ msg }) => String(msg)).filter((msg) => msg.startsWith('request'));
    expect(requests).toEqual(Array.from({ length: 200 }, () => 'request'));
    const causes = lines.filter(({ msg }) => msg === 'service unavailable').map(({ err }) => err);
    for (const cause of causes) expect(cause).toMatchObject({ stack: expect.arrayContaining([expect.any(String)]) });
    // The request that was first of its cause has a line of its own. Each cause is counted for itself.
    const told = () => {
      const counts = bench.service.logLines().filter(({ msg }) => msg === 'service still unavailable');
      return counts.reduce((sum, { count }) => sum + Number(count), causes.length);
    };
    await expect.poll(told, patience).toBe(200);
    expect(causes.length).toBeLessThanOrEqual(3);
    expect(lines.length).toBeLessThanOrEqual(220);
  });
});
