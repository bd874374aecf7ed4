import { transformAsync } from '@babel/core';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // As @vitejs/plugin-react would do with `babel: { plugins: ['relay'] }`.
  plugins: [
    {
      name: 'relay',
      enforce: 'pre',
      transform: {
        filter: { id: /\/relay\/relay\.ts$/ },
        handler: async (code, filename) => {
          const result = await transformAsync(code, {
            filename,
            plugins: [['relay', { eagerEsModules: true }]],
            parserOpts: { plugins: ['typescript'] },
            sourceMaps: true,
            babelrc: false,
            configFile: false,
          });
          return { code: result?.code ?? code, map: result?.map ?? null };
        },
      },
    },
  ],
  test: {
    globalSetup: 'server.ts',
    reporters: ['./table.ts'],
    isolate: false,
    // As a busy machine needs.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
