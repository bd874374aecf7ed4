import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { cleanUp, makeFolder, runScript } from '../support/server-process.ts';
import { askViewer, outline, refusal, sign } from '../support/sign-token.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';

const [current, previous] = ['the secret that replaces the other one', 'the secret that is being replaced'];
let folder: string;

/** Writes a file; answers its path. */
async function write(name: string, content: string): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, content);
  return file;
}

/** The message with which an environment is refused. */
function fault(environment: Record<string, string>): string {
  try {
    return `accepted: ${JSON.stringify(loadConfig(environment))}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

beforeAll(async () => {
  folder = await makeFolder();
});
afterAll(cleanUp);

describe('while a secret is being replaced', () => {
  let server: TestServer;
  const ask = async (claims: object, secret: string) =>
    outline(await askViewer(server, `Bearer ${sign(claims, secret)}`));
  beforeAll(async () => {
    server = await startTestServer({ AUTH_SECRET: current, AUTH_SECRET_PREVIOUS: previous });
  });
  afterAll(() => server.stop());

  test.each([
    ['the new', current],
    ['the previous', previous],
  ])('a token of %s secret is accepted', async (_which, secret) => {
    expect(await ask({}, secret)).toMatchObject({ status: 200, data: { viewer: { id: 'alice' } } });
  });

  test.each([
    ['of a third secret', {}, 'a secret that this server has never had'],
    ['of the previous secret that has expired', { exp: 1 }, previous],
    ['of the previous secret without a sub', { sub: undefined }, previous],
  ])('a token %s is refused', async (_which, claims, secret) => {
    expect(await ask(claims, secret)).toMatchObject({ status: refusal.status, data: undefined });
  });

  test('no token is signed with the previous one', async () => {
    const environment = { AUTH_SECRET: current, AUTH_SECRET_PREVIOUS: previous };
    const { stdout } = await runScript('src/commands/token.ts', ['--sub', 'alice'], environment);
    const signedByCurrent = await startTestServer({ AUTH_SECRET: current });
    const answer = await askViewer(signedByCurrent, `Bearer ${stdout.trim()}`);
    await signedByCurrent.stop();
    expect(answer.data.viewer.id).toBe('alice');
  });
});

test('once it is replaced, tokens of the previous secret are refused', async () => {
  const server = await startTestServer({ AUTH_SECRET: current });
  const answer = outline(await askViewer(server, `Bearer ${sign({}, previous)}`));
  await server.stop();
  expect(answer).toEqual(refusal);
});

test.each([
  ['AUTH_SECRET_PREVIOUS alone', { AUTH_SECRET_PREVIOUS: previous }],
  ['a short one', { AUTH_SECRET: current, AUTH_SECRET_PREVIOUS: 'short' }],
])('%s is refused', (_what, environment) => {
  expect(fault(environment)).toMatch(/^The configuration has faults:\n {2}AUTH_SECRET_PREVIOUS /);
});

describe('a value in a file', () => {
  test.each([
    ['without a line end', ''],
    ['with a line end', '\n'],
    ['with the line end of Windows', '\r\n'],
  ])('%s is read', async (_what, end) => {
    const AUTH_SECRET_FILE = await write('secret', current + end);
    expect(loadConfig({ AUTH_SECRET_FILE }).AUTH_SECRET).toBe(current);
  });

  test('keeps all but its last line end', async () => {
    expect(loadConfig({ AUTH_SECRET_FILE: await write('lines', `${current}\n\n`) }).AUTH_SECRET).toBe(`${current}\n`);
  });

  test('may be that of any variable', async () => {
    const environment = { PORT_FILE: await write('port', '4321\n'), LOG_LEVEL_FILE: await write('level', 'warn') };
    expect(loadConfig(environment)).toMatchObject({ PORT: 4321, LOG_LEVEL: 'warn' });
  });

  test('counts as unset when it is empty', async () => {
    expect(loadConfig({ PORT_FILE: await write('empty', '\n') }).PORT).toBe(4000);
  });

  test('and an empty variable do not exclude each other', async () => {
    expect(loadConfig({ PORT: '', PORT_FILE: await write('port', '4321') }).PORT).toBe(4321);
  });

  test('and in its variable at once is refused', async () => {
    const AUTH_SECRET_FILE = await write('secret', current);
    expect(fault({ AUTH_SECRET: current, AUTH_SECRET_FILE })).toContain(
      'AUTH_SECRET and AUTH_SECRET_FILE exclude each other: set one',
    );
  });

  test('that cannot be read is named, beside the other faults', async () => {
    const missing = path.join(folder, 'missing');
    const message = fault({ AUTH_SECRET_FILE: missing, DATABASE_URL_FILE: folder, PORT: 'abc' });
    expect(message).toMatch(/AUTH_SECRET_FILE cannot be read: ENOENT.*missing/);
    expect(message).toMatch(/DATABASE_URL_FILE cannot be read: EISDIR/);
    expect(message).toContain('PORT must be a whole number');
  });

  test('is not repeated where it is refused', async () => {
    const message = fault({ AUTH_SECRET_FILE: await write('short', 'hush-hush') });
    expect(message).toContain('AUTH_SECRET must have at least 32 bytes');
    expect(message).not.toContain('hush-hush');
  });

  test('is what the token command signs with', async () => {
    const AUTH_SECRET_FILE = await write('secret', `${current}\n`);
    const { stdout } = await runScript('src/commands/token.ts', ['--sub', 'alice'], { AUTH_SECRET_FILE });
    const server = await startTestServer({ AUTH_SECRET: current });
    const { data } = await askViewer(server, `Bearer ${stdout.trim()}`);
    await server.stop();
    expect(data.viewer.id).toBe('alice');
  });
});
