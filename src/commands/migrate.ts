import { migratePostgres } from '../database/postgres.ts';
import { StartupError } from '../errors.ts';
import { runProgram } from '../process.ts';

await runProgram(async () => {
  const { DATABASE_URL } = process.env;
  if (!DATABASE_URL) throw new StartupError('Set DATABASE_URL: the embedded database is migrated by every start.');
  process.stdout.write(`The database at ${await migratePostgres(DATABASE_URL)} is up to date.\n`);
});
