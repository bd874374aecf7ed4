import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { patience } from './support/patience.ts';
import { RetriedTests } from './support/retried-tests.ts';
import { quickImports } from './support/server-process.ts';

/** With a PostgreSQL, tests run on it. A folder says where its tests make sense on one kind of database only. */
const otherDatabase = process.env['TEST_DATABASE_URL']
  ? // These rooms know no database: one run tells all.
    ['test/**/embedded/**', 'test/{auth,server}/**']
  : ['test/**/postgres/**'];

// `--mode long` repeats faults and random requests more often. `--mode patroni` runs what needs Patroni, and nothing else.
export default defineConfig(({ mode }) => ({
  // Vite would take the ES module copy of graphql and Node the CommonJS one, whose errors do not know each other.
  resolve: { alias: { graphql: 'graphql/index.js' } },
  test: {
    root: path.join(import.meta.dirname, '..'),
    reporters: ['default', new RetriedTests()],
    globalSetup: 'test/support/global-setup.ts',
    provide: { isLong: mode === 'long' },
    // Each file would import the server anew, which takes longer than most of their tests.
    isolate: false,
    execArgv: [quickImports],
    testTimeout: mode === 'long' ? 3_600_000 : 120_000,
    hookTimeout: 120_000,
    maxWorkers: 4,
    // Those that run at the same time wait most of theirs.
    maxConcurrency: 20,
    expect: { poll: patience },
    projects:
      mode === 'patroni'
        ? [{ extends: true, test: { name: 'patroni', include: ['test/patroni/*.test.ts'] } }]
        : [
            {
              extends: true,
              test: {
                name: 'behaviour',
                include: [
                  'test/*.test.ts',
                  'test/{graphql,rest,auth,server,database,observability,history}/**/*.test.ts',
                ],
                exclude: otherDatabase,
              },
            },
            {
              extends: true,
              test: {
                name: 'faults',
                include: ['test/faults/**/*.test.ts'],
                exclude: otherDatabase,
                // A busy machine is late. What has been run thousands of times is never tried again.
                retry: mode === 'long' ? 0 : 2,
              },
            },
          ],
  },
}));
