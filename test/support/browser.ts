import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const { CHROMIUM: executablePath = '/usr/bin/chromium' } = process.env;

export const hasBrowser = existsSync(executablePath);

/** Starts a browser that asks nothing of the network but what its pages do. */
export function launchBrowser(): Promise<Browser> {
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', ...quiet] });
}
