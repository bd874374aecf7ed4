import { expect, test } from 'vitest';
import { startTestServer } from '../support/test-server.ts';

const long = 'a secret that only the tests know of';

/** What a server says at its start, at the level of warnings. */
async function readWarnings(environment: Record<string, string>) {
  const server = await startTestServer(environment);
  const warnings = server.logLines().filter(({ level }) => level === 40);
  await server.stop();
  return warnings.map(({ msg }) => String(msg));
}

test.each([
  ['double quotes', `"${long}"`, /AUTH_SECRET.* quotes/],
  ['single quotes', `'${long}'`, /AUTH_SECRET.* quotes/],
  ['a carriage return at its end', `${long}\r`, /AUTH_SECRET.* control character/],
  ['a line break within', `${long}\n${long}`, /AUTH_SECRET.* control character/],
  ['a blank at its end', `${long} `, /AUTH_SECRET.* blank/],
])('the log warns at start of a secret with %s, and does not repeat it', async (_what, AUTH_SECRET, message) => {
  const warnings = await readWarnings({ AUTH_SECRET });
  expect(warnings).toEqual([expect.stringMatching(message)]);
  expect(warnings.join()).not.toContain(long);
});

test.each(['AUTH_SECRET_PREVIOUS', 'AUTH_ISSUER', 'AUTH_AUDIENCE', 'AUTH_ROLES_CLAIM'])(
  'so it does of %s',
  async (name) => {
    expect(await readWarnings({ [name]: `"${long}"` })).toEqual([expect.stringMatching(`^${name} .*quotes`)]);
  },
);

test.each([long, `"${long}`, `${long}'`, `it's a ${long}`, `é${long}`])(
  'the secret %s is as good as any',
  async (secret) => {
    expect(await readWarnings({ AUTH_SECRET: secret })).toEqual([]);
  },
);
