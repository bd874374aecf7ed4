import path from 'node:path';
import { configDefaults, defineConfig } from 'vitest/config';
import { patience } from './patience.ts';
import { quickImports } from './server-process.ts';

/** These files have no database or an embedded one, so a PostgreSQL makes no difference to them. */
const withoutPostgres = [
  'configuration',
  'cors',
  'data-directory',
  'document-attacks',
  'foreign-pages',
  'full-disk',
  'graphiql',
  'graphiql-link',
  'history-checker',
  'history-checker-order',
  'identity-provider',
  'key-fetching',
  'key-sets',
  'log-output',
  'malformed-requests',
  'openapi',
  'openapi-closed',
  'paused-server',
  'pipelining',
  'roles',
  'schema',
  'shutdown-delay',
  'schema-changes',
  'secrets',
  'slow-clients',
  'slow-strangers',
  'start',
  'stop',
  'token-command',
  'tokens',
  'uncaught-errors',
  'watchdog',
].map((name) => `test/${name}.test.ts`);

// `--mode long` repeats faults and random requests more often. `--mode patroni` runs what needs Patroni, and nothing else.
export default defineConfig(({ mode }) => ({
  // Vite would take the ES module copy of graphql and Node the CommonJS one, whose errors do not know each other.
  resolve: { alias: { graphql: 'graphql/index.js' } },
  test: {
    root: path.join(import.meta.dirname, '..'),
    globalSetup: 'test/global-setup.ts',
    provide: { isLong: mode === 'long' },
    // Each file would import the server anew, which takes longer than most of their tests.
    isolate: false,
    execArgv: [quickImports],
    testTimeout: 120_000,
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
                name: 'database',
                exclude: [...configDefaults.exclude, 'test/clients/**', 'test/patroni/**', ...withoutPostgres],
              },
            },
            { extends: true, test: { name: 'standalone', include: withoutPostgres } },
          ],
  },
}));
