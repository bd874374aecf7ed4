import { isPostgresUrl } from '../config.ts';
import { migratePostgres } from '../database/postgres.ts';
import { StartupError } from '../errors.ts';
import { runProgram } from '../process.ts';

await runProgram(async () => {
  const { DATABASE_URL } = process.env;
  if (!DATABASE_URL || !isPostgresUrl(DATABASE_URL)) {
    throw new StartupError(
      'Set DATABASE_URL, like postgres://user:password@host:5432/name. (An embedded database needs no migrating.)',
    );
  }
  process.stdout.write(`The database at ${await migratePostgres(DATABASE_URL)} is up to date.\n`);
});
