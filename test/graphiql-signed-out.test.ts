import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser, launchBrowser } from './browser.ts';
import { cleanUp, startServer, type ServerProcess } from './server-process.ts';
import { copyDataFolder } from './test-database.ts';

const { SCREENSHOT: screenshot } = process.env;
const patience = { timeout: 20_000 };

describe.skipIf(!hasBrowser)('GraphiQL without a valid token', () => {
  let server: ServerProcess;
  let browser: Browser;

  beforeAll(async () => {
    server = await startServer({ DATA_DIR: await copyDataFolder() });
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await cleanUp();
  });

  /** Opens the page, and answers the status of its question for the schema. */
  async function open(query: string): Promise<{ page: Page; introspection: number }> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    const introspection = page.waitForResponse((response) => response.request().method() === 'POST', patience);
    await page.goto(`${server.url}/graphql${query}`);
    return { page, introspection: (await introspection).status() };
  }

  test.each([
    ['no token', '', /You are not signed in/],
    ['a token that is not valid', '?token=eyJhbGciOiJIUzI1NiJ9.e30.x', /not valid, or has expired/],
  ])('says so and how to get one, and loads the schema: %s', async (_what, query, words) => {
    const { page, introspection } = await open(query);
    expect(introspection).toBe(200);
    const notice = page.getByRole('status').first();
    expect(await notice.innerText()).toMatch(words);
    expect(await notice.innerText()).toContain('npm run --silent token');
    if (screenshot) await page.screenshot({ path: screenshot });
    await page.context().close();
  });

  test('has no notice where the link signs in', async () => {
    const { page } = await open(`?token=${server.token}`);
    await page.locator('.graphiql-execute-button').waitFor();
    expect(await page.getByText('You are not signed in').count()).toBe(0);
    if (screenshot) await page.screenshot({ path: screenshot.replace('.png', '-in.png') });
    await page.context().close();
  });
});
