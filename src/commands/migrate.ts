import './require-node.cjs';
import { parseArgs } from 'node:util';
import { loadDatabaseUrl } from '../config.ts';
import { migratePostgres } from '../database/postgres/migrate-postgres.ts';
import { StartupError } from '../errors.ts';
import { runProgram } from '../process.ts';

await runProgram(async () => {
  parseArgs();
  const url = loadDatabaseUrl(process.env);
  if (!url) {
    throw new StartupError(
      'Set DATABASE_URL, like postgres://user:password@host:5432/name. (The embedded database migrates at start.)',
    );
  }
  print(`The database at ${await migratePostgres(url, print)} is up to date.`);
});

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
