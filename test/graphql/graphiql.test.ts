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

describe('GRAPHIQL=off', () => {
  test('serves no page', async () => {
    const closed = await startTestServer({ GRAPHIQL: 'off' });
    const response = await fetch(`${closed.url}/graphql`, html);
    expect(response.ok).toBe(false);
    expect(response.headers.get('content-type') ?? '').not.toContain('html');
    expect(await response.text()).not.toMatch(/<html|graphiql/i);
    await closed.stop();
  });
});

test('the page is sent with a policy that allows no script but its own', async () => {
  const response = await fetch(`${server.url}/graphql`, html);
  const page = await response.text();
  const policy = response.headers.get('Content-Security-Policy') ?? '';
  const [, nonce = ''] = /script-src 'nonce-([\w+/=]+)'(;|$)/.exec(policy) ?? [];
  expect(nonce.length).toBeGreaterThanOrEqual(22);
  expect(page).toContain(`<script nonce="${nonce}">`);
  expect(policy).toMatch(/default-src 'none'/);
  expect(policy).toMatch(/frame-ancestors 'none'/);
});

test('each answer has a policy of its own', async () => {
  const policies = [await fetch(`${server.url}/graphql`, html), await fetch(`${server.url}/graphql`, html)].map(
    ({ headers }) => headers.get('Content-Security-Policy'),
  );
  expect(new Set(policies).size).toBe(2);
});
