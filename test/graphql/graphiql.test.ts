import { hash } from 'node:crypto';
import { once } from 'node:events';
import { request, type OutgoingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../support/test-server.ts';

const html = { headers: { Accept: 'text/html' } };

let server: TestServer;
let token: string;

beforeAll(async () => {
  server = await startTestServer({ GRAPHIQL: 'on' });
  token = await server.tokenFor('alice');
});
afterAll(() => server.stop());

async function getPage(query: string): Promise<string> {
  const response = await fetch(`${server.url}/graphql${query}`, html);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/html/);
  return response.text();
}

describe('the page', () => {
  test('names no script, style, picture or frame of another origin', async () => {
    const page = await getPage('');
    const markup = page.replaceAll(/(<(script|style)\b[^>]*>).*?<\/\2>/gs, '$1');
    const elements = markup.match(/<(script|link|style|img|iframe|base)\b[^>]*>/g) ?? [];
    expect(elements).not.toEqual([]);
    expect(elements.filter((element) => /(src|href)\s*=\s*["']?\s*(https?:)?\/\//i.test(element))).toEqual([]);
  });

  test('names no style sheet or font of another origin in its styles', async () => {
    const page = await getPage('');
    expect(page.match(/@import\s+["'u]|url\(\s*["']?\s*https?:/gi)).toBeNull();
  });

  test('holds the token of its link, ready to be sent', async () => {
    const page = await getPage(`?token=${token}`);
    expect(page.includes(`Bearer ${token}`)).toBe(true);
  });

  test.each(['</script><script>alert(7531)</script>', '"};alert(7531);//', 'eyJhbGciOiJub25lIn0.alert(7531).x'])(
    'does not hold the invalid token %s of a link',
    async (invalid) => {
      const page = await getPage(`?token=${encodeURIComponent(invalid)}`);
      expect(page.includes('alert(7531)')).toBe(false);
    },
  );

  test('holds nothing that was added to a valid token', async () => {
    const page = await getPage(`?token=${encodeURIComponent(`${token}</script><script>alert(7531)</script>`)}`);
    expect(page.includes('alert(7531)')).toBe(false);
  });

  test.each(['query', 'variables', 'headers', 'operationName', 'defaultQuery', 'title', 'endpoint'])(
    'holds nothing of the parameter %s of a link',
    async (name) => {
      const page = await getPage(`?${name}=${encodeURIComponent('</script><script>alert(7531)</script>')}`);
      expect(page.includes('alert(7531)')).toBe(false);
    },
  );
});

describe('where GraphiQL is off', () => {
  let closed: TestServer;

  beforeAll(async () => {
    closed = await startTestServer({ GRAPHIQL: 'off' });
  });
  afterAll(() => closed.stop());

  test('a browser reads how to turn it on', async () => {
    const response = await fetch(`${closed.url}/graphql`, html);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ message: 'GraphiQL is off: set GRAPHIQL=on.' }] });
  });

  test('a query that accepts HTML, too, is answered', async () => {
    const response = await fetch(`${closed.url}/graphql?query={__typename}`, html);
    expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
  });

  test('its script is not served', async () => {
    const { pathname } = await findScript();
    expect((await fetch(closed.url + pathname)).status).toBe(404);
  });

  test('the root is answered by words', async () => {
    const response = await fetch(`${closed.url}/`, html);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ message: expect.stringContaining('/graphql') });
  });
});

test('the root leads to GraphiQL', async () => {
  const response = await fetch(`${server.url}/`, { ...html, redirect: 'manual' });
  expect([response.status, response.headers.get('Location')]).toEqual([302, '/graphql']);
});

/** The address of the page's script. */
async function findScript(): Promise<URL> {
  const [, path = ''] = / src="([^"]+)"/.exec(await getPage('')) ?? [];
  return new URL(path, server.url);
}

/** Sends a GET as it is: fetch decompresses what it receives. */
async function getRaw(url: URL, headers: OutgoingHttpHeaders) {
  const [response] = await once(request(url, { headers }).end(), 'response');
  return { headers: response.headers, body: await buffer(response) };
}

describe('the script', () => {
  test('is not part of the page, which is small and never stored', async () => {
    const response = await fetch(`${server.url}/graphql`, html);
    expect(response.headers.get('Cache-Control')).toBe('no-store');
    expect((await response.text()).length).toBeLessThan(5000);
  });

  test('is compressed, and may be kept for good', async () => {
    const { headers, body } = await getRaw(await findScript(), { 'Accept-Encoding': 'gzip, deflate, br' });
    expect(headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'content-encoding': 'gzip',
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'Accept-Encoding',
    });
    expect(body.length).toBeLessThan(3_000_000);
    expect(gunzipSync(body).toString()).toContain('YogaGraphiQL');
  });

  test('is sent as it is to a client that does not decompress', async () => {
    const { headers, body } = await getRaw(await findScript(), { 'Accept-Encoding': 'identity' });
    expect(headers['content-encoding']).toBeUndefined();
    expect(body.toString()).toContain('YogaGraphiQL');
  });

  test('has the hash of its content in its path', async () => {
    const url = await findScript();
    const { body } = await getRaw(url, {});
    expect(url.pathname).toBe(`/graphiql/${hash('sha256', body).slice(0, 20)}.js`);
  });

  test('is not found under another hash', async () => {
    const response = await fetch(`${server.url}/graphiql/00000000000000000000.js`);
    expect(response.status).toBe(404);
    expect(response.headers.get('Cache-Control')).toBe('no-store');
  });
});

test('the page is sent with a policy that allows no script but its own', async () => {
  const response = await fetch(`${server.url}/graphql`, html);
  const page = await response.text();
  const policy = response.headers.get('Content-Security-Policy') ?? '';
  const [, nonce = ''] = /script-src 'nonce-([\w+/=]+)'(;|$)/.exec(policy) ?? [];
  expect(nonce.length).toBeGreaterThanOrEqual(22);
  expect(page).toContain(`<script nonce="${nonce}" src="/graphiql/`);
  expect(policy).toMatch(/default-src 'none'/);
  expect(policy).toMatch(/frame-ancestors 'none'/);
});

test('each answer has a policy of its own', async () => {
  const policies = [await fetch(`${server.url}/graphql`, html), await fetch(`${server.url}/graphql`, html)].map(
    ({ headers }) => headers.get('Content-Security-Policy'),
  );
  expect(new Set(policies).size).toBe(2);
});
