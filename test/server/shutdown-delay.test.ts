import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';

describe('SHUTDOWN_DELAY_MS', () => {
  const onPostgres = { DATABASE_URL: 'postgres://db/sessions', AUTH_SECRET: 's'.repeat(32) };

  test.each([
    ['0 with the embedded database', {}, 0],
    ['3000 with DATABASE_URL', onPostgres, 3000],
    ['0 where it is set so', { ...onPostgres, SHUTDOWN_DELAY_MS: '0' }, 0],
    ['what it is set to', { SHUTDOWN_DELAY_MS: '7000' }, 7000],
  ])('is %s', (_what, environment, expected) => {
    expect(loadConfig(environment).SHUTDOWN_DELAY_MS).toBe(expected);
  });

  test.each(['7001', '-1', '2s'])('=%s is refused by name', (value) => {
    expect(() => loadConfig({ SHUTDOWN_DELAY_MS: value })).toThrow(/SHUTDOWN_DELAY_MS must be .* 0 to 7000/);
  });
});
