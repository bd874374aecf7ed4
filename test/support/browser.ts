import { existsSync } from 'node:fs';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { expect } from 'vitest';

const { CHROMIUM: executablePath = '/usr/bin/chromium' } = process.env;

export const hasBrowser = existsSync(executablePath);

/** Starts a browser that asks nothing of the network but what its pages do. */
export function launchBrowser(): Promise<Browser> {
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', ...quiet] });
}

/** Opens a page of GraphiQL, and waits until it can be used. */
export async function openGraphiQL(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url);
  await page.locator('.graphiql-execute-button').waitFor();
  return page;
}

/** Runs the operation that is in the editor; answers the result. */
export async function play(page: Page): Promise<string> {
  await page.locator('.graphiql-execute-button').click();
  const result = page.locator('.result-window');
  await expect.poll(() => result.innerText()).toMatch(/data|errors/);
  return result.innerText();
}
