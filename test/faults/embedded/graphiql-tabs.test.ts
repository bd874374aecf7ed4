import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hasBrowser, launchBrowser, openGraphiQL, play } from '../../support/browser.ts';
import { cleanUp, startServer, type ServerProcess } from '../../support/server-process.ts';
import { copyDataFolder } from '../../support/test-database.ts';

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

/** What GraphiQL keeps on the disk, beyond the life of the tab. */
const stored = (page: Page) => page.evaluate('JSON.stringify(localStorage)');

/** Writes into the editor, and waits until GraphiQL has stored it. */
async function write(page: Page, query: string): Promise<void> {
  await page.locator('.graphiql-query-editor .view-lines').click();
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText(query);
  await expect.poll(async () => JSON.parse(String(await stored(page)))['graphiql:tabState']).toContain(query);
}

const isScript = ({ path }: Record<string, unknown>) => String(path).startsWith('/graphiql/');

describe.skipIf(!hasBrowser)('a tab of GraphiQL', () => {
  let context: BrowserContext;

  beforeEach(async () => {
    context = await browser.newContext();
  });
  afterEach(() => context.close());

  test('shows after a reload what was written, so that play writes nothing', async () => {
    const page = await openGraphiQL(context, server.graphiqlLink ?? '');
    await write(page, 'query Mine { viewer { id } }');
    await page.reload();
    await page.locator('.graphiql-execute-button').waitFor();
    expect(await page.locator('.graphiql-tab').allInnerTexts()).toEqual(['Mine']);
    expect(await play(page)).toMatch(/"viewer"/);
    const { data } = await server.graphql('{ aiSessions { totalCount } }');
    expect(data.aiSessions.totalCount).toBe(0);
  });

  test('offers the example once: another tab shows what was written in the first', async () => {
    const page = await openGraphiQL(context, server.graphiqlLink ?? '');
    expect(await page.locator('.graphiql-tab').allInnerTexts()).toEqual(['NewAISession']);
    await write(page, 'query Mine { viewer { id } }');
    const other = await openGraphiQL(context, `${server.url}/graphql`);
    expect(await other.locator('.graphiql-tab').allInnerTexts()).toEqual(['Mine']);
  });

  test('keeps the headers that were typed over a reload, and not on the disk', async () => {
    const page = await openGraphiQL(context, `${server.url}/graphql`);
    await page.getByRole('button', { name: 'Headers' }).click();
    await page.locator('.graphiql-editor-tool .graphiql-editor:not(.hidden) .view-lines').click();
    await page.keyboard.insertText(`{"Authorization": "Bearer ${server.token}", "X-Typed": "yes"}`);
    await page.getByRole('status').waitFor({ state: 'detached' });
    await write(page, 'query Typed { viewer { id } }');
    await page.reload();
    await page.locator('.graphiql-execute-button').waitFor();
    const sent = page.waitForRequest((request) => request.postData()?.includes('query Typed') ?? false);
    expect(await play(page)).toMatch(/"administrator"/);
    expect((await sent).headers()['x-typed']).toBe('yes');
    expect(await stored(page)).not.toMatch(/eyJ|X-Typed/);
  });

  test('survives headers that are no JSON and tokens that are none', async () => {
    const page = await openGraphiQL(context, `${server.url}/graphql`);
    await page.evaluate(`sessionStorage.setItem('headers', '{"Authorization": "Bearer a.b.c')`);
    await page.reload();
    await page.locator('.graphiql-execute-button').waitFor();
    expect(await page.getByRole('status').first().innerText()).toMatch(/not signed in/);
  });

  test('is signed in if another tab of the browser is', async () => {
    await openGraphiQL(context, server.graphiqlLink ?? '');
    const page = await openGraphiQL(context, `${server.url}/graphql`);
    await expect.poll(() => page.evaluate(`sessionStorage.getItem('headers')`)).toContain(server.token);
    await page.locator('.graphiql-execute-button').waitFor();
    expect(await page.getByText('not signed in').count()).toBe(0);
    expect(await play(page)).toMatch(/"createdBy":\s"administrator"/);
    expect(await stored(page)).not.toContain('eyJ');
  });

  test('is not signed in by a tab of another browser', async () => {
    await openGraphiQL(context, server.graphiqlLink ?? '');
    const other = await browser.newContext();
    const page = await openGraphiQL(other, `${server.url}/graphql`);
    expect(await play(page)).toContain('UNAUTHENTICATED');
    await other.close();
  });

  test('loads the script once', async () => {
    await openGraphiQL(context, `${server.url}/graphql`);
    await expect.poll(() => server.logLines().some(isScript)).toBe(true);
    const before = server.logLines().filter(isScript).length;
    await openGraphiQL(context, `${server.url}/graphql`);
    expect(server.logLines().filter(isScript).length).toBe(before);
  });
});

describe.skipIf(!hasBrowser).each([
  ['desktop', { width: 1280, height: 800 }],
  ['phone', { width: 390, height: 844 }],
])('on a %s', (device, viewport) => {
  test('the notice covers no button, and all are in sight', async () => {
    const context = await browser.newContext({ viewport, isMobile: device === 'phone' });
    const page = await openGraphiQL(context, `${server.url}/graphql`);
    expect(await page.getByRole('status').first().isVisible()).toBe(true);
    const names = ['Variables', 'Headers', 'Open settings dialog', 'Re-fetch GraphQL schema', /^Execute query/];
    for (const name of names) {
      const button = page.getByRole('button', { name }).first();
      // Fails if something else would receive the click.
      await button.click({ trial: true });
      const { y = NaN, height = NaN } = (await button.boundingBox()) ?? {};
      expect(y + height).toBeLessThanOrEqual(viewport.height);
    }
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(viewport.width);
    await play(page);
    expect((await page.locator('.result-window').boundingBox())?.width).toBeGreaterThan(250);
    await context.close();
  });
});
