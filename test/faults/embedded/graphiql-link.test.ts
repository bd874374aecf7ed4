import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser, launchBrowser, play } from '../../support/browser.ts';
import { patience } from '../../support/patience.ts';
import { cleanUp, startServer, type ServerProcess } from '../../support/server-process.ts';
import { copyDataFolder } from '../../support/test-database.ts';

const { SCREENSHOT: screenshot } = process.env;

let server: ServerProcess;
let browser: Browser;

beforeAll(async () => {
  server = await startServer({ DATA_DIR: await copyDataFolder() });
  if (hasBrowser) browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await cleanUp();
});

describe.skipIf(!hasBrowser)("GraphiQL's link, in a browser", () => {
  let context: BrowserContext;
  let page: Page;
  const messages: string[] = [];
  const requested: string[] = [];
  const faults: string[] = [];

  beforeAll(async () => {
    context = await browser.newContext();
    context.on('request', (request) => requested.push(request.url()));
    context.on('weberror', (fault) => faults.push(fault.error().message));
    page = await context.newPage();
    page.on('console', (message) => messages.push(message.text()));
    await page.goto(server.graphiqlLink ?? '');
    await page.locator('.graphiql-execute-button').waitFor();
  });
  afterAll(() => context.close());

  test('opens one session at one click on the play button, and fetches nothing from elsewhere', async () => {
    const readSessions = '{ aiSessions(first: 1) { totalCount edges { node { accountName createdBy } } } }';
    const before = (await server.graphql(readSessions)).data.aiSessions.totalCount;
    expect(await play(page)).toMatch(/"accountName":\s"Demo\sAccount"/);
    if (screenshot) await page.screenshot({ path: screenshot });
    expect(faults).toEqual([]);
    expect(requested).toContain(server.graphiqlLink);
    expect(requested.filter((url) => !url.startsWith(`${server.url}/`) && !/^(blob|data):/.test(url))).toEqual([]);
    expect((await server.graphql(readSessions)).data.aiSessions).toEqual({
      totalCount: before + 1,
      edges: [{ node: { accountName: 'Demo Account', createdBy: 'administrator' } }],
    });
  });

  test('leaves its token neither in the address bar nor in the history', async () => {
    expect(page.url()).toBe(`${server.url}/graphql`);
    const session = await context.newCDPSession(page);
    const { entries } = await session.send('Page.getNavigationHistory');
    expect(entries.filter(({ url }) => url.includes('eyJ'))).toEqual([]);
  });

  test('works on after the page was loaded again', async () => {
    await page.reload();
    // The editor writes its spaces as no-break spaces.
    expect(await play(page)).toMatch(/"createdBy":\s"administrator"/);
  });

  test('opens a page that meets its own security policy', async () => {
    expect(await play(page)).toMatch(/"createdBy":\s"administrator"/);
    expect(messages.filter((message) => /Content.Security.Policy|Refused to/i.test(message))).toEqual([]);
  });

  test('opens a page that no other page can frame', async () => {
    const framing = await context.newPage();
    await framing.goto(`${server.url}/health`);
    await framing.setContent(`<iframe src="${server.url}/graphql"></iframe>`);
    const frame = framing.frames()[1];
    await expect.poll(() => frame?.url()).toMatch(/^chrome-error:/);
  });

  test('opens a page without a notice that one is not signed in', async () => {
    expect(await page.getByText('You are not signed in').count()).toBe(0);
    if (screenshot) await page.screenshot({ path: screenshot.replace('.png', '-in.png') });
  });
});

/** Opens the page, and answers the status of its question for the schema. */
async function open(query: string): Promise<{ page: Page; introspection: number }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const introspection = page.waitForResponse((response) => response.request().method() === 'POST', patience);
  await page.goto(`${server.url}/graphql${query}`);
  return { page, introspection: (await introspection).status() };
}

describe.skipIf(!hasBrowser)('GraphiQL without a valid token', () => {
  test.each([
    ['no token', '', /You are not signed in/],
    ['a token that is not valid', '?token=eyJhbGciOiJIUzI1NiJ9.e30.x', /not valid, or has expired/],
  ])('says so and how to get one, and loads the schema: %s', async (_what, query, words) => {
    const { page, introspection } = await open(query);
    expect(introspection).toBe(200);
    const notice = page.getByRole('status').first();
    expect(await notice.innerText()).toMatch(words);
    expect(await notice.innerText()).toContain('npm run --silent token');
    if (screenshot) await page.screenshot({ path: screenshot.replace('.png', '-out.png') });
    await page.context().close();
  });
});
