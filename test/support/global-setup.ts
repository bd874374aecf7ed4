import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { canRunPostgres, makePostgresTemplate } from './postgres-server.ts';
import { makeEmbeddedTemplate } from './test-database.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Holds what the tests copy, and the copies. It is removed after the run. */
    runFolder: string;
    /** The data folder of a PostgreSQL server with a migrated database. Empty where tests cannot start one. */
    postgresTemplate: string;
    /** Whether faults and random requests are repeated many times. */
    isLong: boolean;
  }
}

/** Makes migrated databases, of which tests open copies: making one takes seconds, copying it a fraction of one. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const runFolder = await mkdtemp(path.join(tmpdir(), 'ai-sessions-run-'));
  project.provide('runFolder', runFolder);
  const [, postgres] = await Promise.all([
    makeEmbeddedTemplate(runFolder),
    canRunPostgres ? makePostgresTemplate() : undefined,
  ]);
  project.provide('postgresTemplate', postgres ?? '');
  return async () => {
    await rm(runFolder, { recursive: true, force: true });
    if (postgres) await rm(postgres, { recursive: true, force: true });
  };
}
