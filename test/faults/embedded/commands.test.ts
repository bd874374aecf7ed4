import { expect, test } from 'vitest';
import { runScript } from '../../support/server-process.ts';

test.each([
  ['dump', '--outptu=sessions.sql'],
  ['dump', '--output'],
  ['dump', 'sessions.sql'],
  ['migrate', '--dry-run'],
  ['migrate', 'postgres://db/d'],
  ['schema', '--chekc'],
  ['token', '--admin'],
])('npm run %s refuses %s', async (command, parameter) => {
  const { code, stdout, stderr } = await runScript(`src/commands/${command}.ts`, [parameter]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^(Unknown option|Unexpected argument|Option) /);
  expect(stderr).toContain(parameter.replace(/=.*/, ''));
  expect(stderr).not.toMatch(/^ +at /m);
});
