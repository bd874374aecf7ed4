import './require-node.cjs';
import { statSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { loadConfig } from '../config.ts';
import { dumpEmbedded } from '../database/embedded/dump-embedded.ts';
import { messageOf, StartupError } from '../errors.ts';
import { runProgram } from '../process.ts';

await runProgram(async () => {
  const { output } = parseArgs({ options: { output: { type: 'string' } } }).values;
  const { DATABASE_URL, DATA_DIR } = loadConfig(process.env);
  if (DATABASE_URL) {
    throw new StartupError('This is for the embedded database: unset DATABASE_URL. For your own, there is pg_dump.');
  }
  const dump = await dumpEmbedded(DATA_DIR);
  if (output === undefined) return pipeline(dump.stream(), process.stdout);
  await replaceFile(output, dump);
  process.stdout.write(`The dump is in ${output}.\n`);
});

/** Writes a file beside the one that it replaces, which a failure leaves as it was. */
async function replaceFile(file: string, content: Blob): Promise<void> {
  const unfinished = `${file}.${process.pid}`;
  try {
    // Renaming would replace a device, such as /dev/stdout.
    if (statSync(file, { throwIfNoEntry: false })?.isFile() === false) throw new Error('it is not a file');
    await writeFile(unfinished, content.stream(), { flag: 'wx', mode: 0o600, flush: true });
    await rename(unfinished, file);
  } catch (cause) {
    await rm(unfinished, { force: true });
    throw new StartupError(`${file} was not written: ${messageOf(cause)}`, { cause });
  }
}
