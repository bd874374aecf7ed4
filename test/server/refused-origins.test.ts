import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { passSeconds, startClock, stopClock } from '../support/clock.ts';
import { send } from '../support/rest-request.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';

const listed = 'https://app.example.com';
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ CORS_ORIGINS: listed });
  stopClock();
});
afterAll(async () => {
  startClock();
  await server.stop();
});

beforeEach(() => passSeconds(60));

const ask = (Origin: string, path = '/graphql', headers = {}) =>
  send(server, 'POST', path, { body: { query: '{ viewer { id } }' }, headers: { Origin, ...headers } });
const preflight = (Origin: string, path = '/graphql') =>
  send(server, 'OPTIONS', path, { token: null, headers: { Origin, 'Access-Control-Request-Method': 'POST' } });
const warnings = () => server.logLines().filter(({ level }) => level === 40);
const originsNamedSince = (count: number) =>
  warnings()
    .slice(count)
    .map(({ origin }) => origin);

describe('an origin that is not listed', () => {
  test('is named in the log, with the variable that lets it in', async () => {
    const before = warnings().length;
    await ask('http://localhost:5173');
    expect(warnings().slice(before)).toEqual([
      expect.objectContaining({ origin: 'http://localhost:5173', msg: expect.stringContaining('CORS_ORIGINS') }),
    ]);
  });

  test('is named once a minute, by whatever path it asks', async () => {
    const before = warnings().length;
    await Promise.all([
      ask('http://localhost:5173'),
      preflight('http://localhost:5173'),
      preflight('http://localhost:5173', '/ai/sessions'),
    ]);
    passSeconds(59);
    await ask('http://localhost:5173');
    expect(originsNamedSince(before)).toEqual(['http://localhost:5173']);
    passSeconds(1);
    await ask('http://localhost:5173');
    expect(originsNamedSince(before)).toEqual(['http://localhost:5173', 'http://localhost:5173']);
  });

  test('does not fill the log by a flood of names', async () => {
    const before = warnings().length;
    for (let count = 0; count < 30; count++) await preflight(`https://${count}.example.com`);
    expect(originsNamedSince(before)).toHaveLength(10);
  });

  test('is named in 100 characters at most, without control characters', async () => {
    const before = warnings().length;
    await ask(`https://\u009b31m${'x'.repeat(500)}\u00ff`);
    await ask('null');
    const [long = '', ...others] = originsNamedSince(before).map(String);
    expect(long).toMatch(/^[\x21-\x7e]{100}$/);
    expect(others).toEqual(['null']);
  });

  test.each(['/graphql', '/ai/sessions', '/openapi.json', '/health'])(
    'gets words that fit when a browser asks for it, at %s',
    async (path) => {
      const { status, text } = await preflight('http://localhost:5173', path);
      expect(status).toBe(403);
      expect(JSON.parse(text)).toEqual({ message: expect.stringContaining('CORS_ORIGINS') });
      expect(text).not.toContain('POST');
    },
  );
});

test('neither a listed origin, nor the page of this server, nor a client without an origin is warned of', async () => {
  const before = warnings().length;
  await ask(listed);
  await preflight(listed);
  await ask(server.url);
  // Behind a proxy, the server has another name than the page.
  await ask('https://ai.example.com', '/graphql', { 'Sec-Fetch-Site': 'same-origin' });
  await send(server, 'GET', '/ai/sessions');
  expect(originsNamedSince(before)).toEqual([]);
});

test('a request that is no preflight is answered as before', async () => {
  expect((await ask('http://localhost:5173')).status).toBe(200);
  expect((await send(server, 'OPTIONS', '/graphql', { token: null })).status).toBe(405);
});
