import path from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Vite would take the ES module copy of graphql and Node the CommonJS one, whose errors do not know each other.
  resolve: { alias: { graphql: 'graphql/index.js' } },
  test: { root: path.join(import.meta.dirname, '..'), testTimeout: 30_000, hookTimeout: 60_000, maxWorkers: 2 },
});
