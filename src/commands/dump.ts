import { pipeline } from 'node:stream/promises';
import { loadConfig } from '../config.ts';
import { dumpEmbedded } from '../database/embedded/dump-embedded.ts';
import { StartupError } from '../errors.ts';
import { runProgram } from '../process.ts';

await runProgram(async () => {
  const { DATABASE_URL, DATA_DIR } = loadConfig(process.env);
  if (DATABASE_URL) {
    throw new StartupError('This is for the embedded database: unset DATABASE_URL. For your own, there is pg_dump.');
  }
  const dump = await dumpEmbedded(DATA_DIR);
  await pipeline(dump.stream(), process.stdout);
});
