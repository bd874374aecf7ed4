import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { cleanUp, makeFolder } from '../support/server-process.ts';

const secret = 's'.repeat(32);
const onPostgres = { DATABASE_URL: 'postgres://user:password@db.example.com/sessions', AUTH_SECRET: secret };

/** The message with which an environment is refused; empty when it is not. */
function refusal(environment: Record<string, string>): string {
  try {
    loadConfig(environment);
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const defaults = {
  HOST: '127.0.0.1',
  PORT: 4000,
  DATABASE_POOL_SIZE: 10,
  DATABASE_TIMEOUT_MS: 5000,
  DATABASE_PREPARE: true,
  DATA_DIR: '.data',
  AUTH_ROLES_CLAIM: 'roles',
  GRAPHIQL: true,
  CORS_ORIGINS: [],
  SHUTDOWN_DELAY_MS: 0,
  IDEMPOTENCY_DAYS: 30,
  TRUSTED_DOCUMENTS_ONLY: false,
  LOG_LEVEL: 'info',
};

test('no variable is needed', () => {
  expect(loadConfig({})).toEqual(defaults);
});

test('an empty value counts as unset', () => {
  const names = [...Object.keys(defaults), 'DATABASE_URL', 'AUTH_SECRET', 'AUTH_JWKS_URL'];
  const environment = [...names, 'AUTH_ISSUER', 'AUTH_AUDIENCE'].map((name) => [name, '']);
  expect(loadConfig(Object.fromEntries(environment))).toEqual(defaults);
});

test('variables of other programs do not matter', () => {
  expect(loadConfig({ PATH: '/bin', NODE_ENV: 'production' })).toEqual(defaults);
});

const jwksUrl = 'https://id.example.com/jwks';
const provider = { AUTH_JWKS_URL: jwksUrl, AUTH_ISSUER: 'https://id.example.com/', AUTH_AUDIENCE: 'ai-sessions' };

test.each([
  ['HOST=::1', { HOST: '::1' }, { HOST: '::1' }],
  ['PORT=0', { PORT: '0' }, { PORT: 0 }],
  ['PORT=65535', { PORT: '65535' }, { PORT: 65_535 }],
  ['DATABASE_URL with a secret', onPostgres, onPostgres],
  ['DATABASE_URL with a key set', { ...onPostgres, AUTH_SECRET: '', ...provider }, provider],
  [
    'DATABASE_URL of several hosts',
    { ...onPostgres, DATABASE_URL: 'postgres://u:p@a:1,b:2/d' },
    { DATABASE_URL: 'postgres://u:p@a:1,b:2/d' },
  ],
  ['AUTH_SECRET of 32 bytes', { AUTH_SECRET: secret }, { AUTH_SECRET: secret }],
  ['AUTH_SECRET of 16 two-byte letters', { AUTH_SECRET: 'é'.repeat(16) }, { AUTH_SECRET: 'é'.repeat(16) }],
  ['AUTH_JWKS_URL with the embedded database', provider, provider],
  ['AUTH_ISSUER', { AUTH_ISSUER: 'https://id.example.com/' }, { AUTH_ISSUER: 'https://id.example.com/' }],
  ['AUTH_AUDIENCE', { AUTH_AUDIENCE: 'ai-sessions' }, { AUTH_AUDIENCE: 'ai-sessions' }],
  ['AUTH_ROLES_CLAIM', { AUTH_ROLES_CLAIM: 'realm_access.roles' }, { AUTH_ROLES_CLAIM: 'realm_access.roles' }],
  ['GRAPHIQL=off', { GRAPHIQL: 'off' }, { GRAPHIQL: false }],
  ['GRAPHIQL=on with DATABASE_URL', { ...onPostgres, GRAPHIQL: 'on' }, { GRAPHIQL: true }],
  [
    'CORS_ORIGINS',
    { CORS_ORIGINS: 'https://app.example.com, http://localhost:3000' },
    { CORS_ORIGINS: ['https://app.example.com', 'http://localhost:3000'] },
  ],
  ['LOG_LEVEL=silent', { LOG_LEVEL: 'silent' }, { LOG_LEVEL: 'silent' }],
  ['DATABASE_POOL_SIZE=1', { DATABASE_POOL_SIZE: '1' }, { DATABASE_POOL_SIZE: 1 }],
  ['DATABASE_TIMEOUT_MS=250', { DATABASE_TIMEOUT_MS: '250' }, { DATABASE_TIMEOUT_MS: 250 }],
  ['DATABASE_PREPARE=off', { DATABASE_PREPARE: 'off' }, { DATABASE_PREPARE: false }],
])('%s is taken', (_what, environment, expected) => {
  expect(loadConfig(environment)).toMatchObject(expected);
});

test('GraphiQL is off by default with DATABASE_URL', () => {
  expect(loadConfig(onPostgres).GRAPHIQL).toBe(false);
});

test.each([
  ['IDEMPOTENCY_DAYS', '0'],
  ['METRICS_PORT', 'abc'],
  ['METRICS_PORT', '65536'],
  ['PORT', 'abc'],
  ['PORT', '-1'],
  ['PORT', '65536'],
  ['PORT', '80.5'],
  ['PORT', '0x50'],
  ['PORT', ' '],
  ['DATABASE_URL', 'mysql://db/d'],
  ['DATABASE_URL', 'postgres://user:password@db.example.com:port/d'],
  ['DATABASE_POOL_SIZE', '0'],
  ['DATABASE_POOL_SIZE', 'ten'],
  ['DATABASE_TIMEOUT_MS', 'x'],
  ['DATABASE_TIMEOUT_MS', '-5'],
  ['DATABASE_PREPARE', 'yes'],
  ['AUTH_SECRET', 's'.repeat(31)],
  ['AUTH_SECRET', 'é'.repeat(15)],
  ['GRAPHIQL', 'maybe'],
  ['CORS_ORIGINS', 'https://app.example.com/path'],
  ['CORS_ORIGINS', 'https://app.example.com/'],
  ['CORS_ORIGINS', 'https://app.example.com,*'],
  ['CORS_ORIGINS', 'app.example.com'],
  ['CORS_ORIGINS', 'null'],
  ['LOG_LEVEL', 'loud'],
])('%s=%s is refused by name', (name, value) => {
  const { AUTH_SECRET } = onPostgres;
  expect(refusal(name === 'DATABASE_URL' ? { AUTH_SECRET, [name]: value } : { [name]: value })).toContain(name);
});

test.each(['keys.json', 'file:///etc/passwd', 'https://a:b@c.example'])('AUTH_JWKS_URL=%s is refused', (url) => {
  expect(refusal({ AUTH_JWKS_URL: url })).toContain('AUTH_JWKS_URL');
});

test('a secret and a key set at once are refused', () => {
  expect(refusal({ AUTH_SECRET: secret, AUTH_JWKS_URL: jwksUrl })).toMatch(/AUTH_SECRET.*AUTH_JWKS_URL/);
});

test('DATABASE_URL without a secret or a key set is refused', () => {
  const { DATABASE_URL } = onPostgres;
  expect(refusal({ DATABASE_URL })).toMatch(/DATABASE_URL.*AUTH_SECRET.*AUTH_JWKS_URL/);
});

test.each([
  ['a DATABASE_URL', { AUTH_SECRET: secret, DATABASE_URL: 'postgres:/user:hush-hush@db/d' }],
  ['an AUTH_SECRET', { AUTH_SECRET: 'hush-hush' }],
])('the message does not repeat %s', (_what, environment) => {
  const message = refusal(environment);
  expect(message).not.toBe('');
  expect(message).not.toContain('hush-hush');
});

afterAll(cleanUp);

test('the message does not repeat a file of DATABASE_URL', async () => {
  const file = path.join(await makeFolder(), 'url');
  await writeFile(file, 'postgres://user:hush@12/hush@db/d\n');
  expect(refusal({ DATABASE_URL_FILE: file })).toMatch(/DATABASE_URL (?!.*hush).*Percent-encode the password/);
});

describe('several faults', () => {
  const faults = {
    PORT: 'abc',
    DATABASE_URL: 'mysql://db/d',
    DATABASE_POOL_SIZE: '0',
    DATABASE_TIMEOUT_MS: 'x',
    DATABASE_PREPARE: 'yes',
    AUTH_SECRET: 'short',
    AUTH_JWKS_URL: 'keys.json',
    GRAPHIQL: 'maybe',
    CORS_ORIGINS: 'app.example.com',
    LOG_LEVEL: 'loud',
  };

  test.each(Object.keys(faults))('are reported at once: %s among them', (name) => {
    expect(refusal(faults)).toContain(name);
  });

  test('are reported at once, also those of one variable and those between two', () => {
    const message = refusal({ PORT: 'abc', AUTH_SECRET: secret, AUTH_JWKS_URL: jwksUrl });
    expect(message).toContain('PORT');
    expect(message).toMatch(/AUTH_SECRET.*AUTH_JWKS_URL/);
  });

  test('take a line each', () => {
    const lines = refusal({ PORT: 'abc', LOG_LEVEL: 'loud' }).split('\n');
    expect(lines.filter((line) => /PORT|LOG_LEVEL/.test(line))).toHaveLength(2);
  });
});
