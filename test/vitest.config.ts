import path from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Vite would take the ES module copy of graphql and Node the CommonJS one, whose errors do not know each other.
  resolve: { alias: { graphql: 'graphql/index.js' } },
  test: {
    root: path.join(import.meta.dirname, '..'),
    globalSetup: 'test/global-setup.ts',
    // Each file would import the server anew, which takes longer than most of their tests.
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
