import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { hasPostgres } from '../support/postgres-server.ts';
import { readHistory } from './read-history.ts';
import { reportOn } from './report.ts';
import { runHistory } from './run.ts';

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 32)) },
    clients: { type: 'string', default: '120' },
    faults: { type: 'string', default: '' },
    folder: { type: 'string' },
    check: { type: 'string' },
  },
});
const show = (line: string) => void process.stderr.write(line);

async function record(): Promise<string> {
  if (!hasPostgres) throw new Error('PostgreSQL is not installed in /usr/lib/postgresql');
  const folder = options.folder ?? (await mkdtemp(path.join(tmpdir(), 'ai-sessions-history-')));
  await mkdir(folder, { recursive: true });
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interruption.abort(new Error(`ended by ${signal}`)));
  }
  const [minutes, seed, clients] = [Number(options.minutes), Number(options.seed), Number(options.clients)];
  show(`seed: ${seed}, ${minutes} minutes, ${clients} clients\n`);
  const only = new RegExp(options.faults);
  return runHistory({ minutes, only, seed, clients, folder, isInterrupted: interruption.signal, show });
}

try {
  const { text, violations } = reportOn(await readHistory(options.check ?? (await record())));
  // Node.js may spin forever where it frees the handles of a process that ends by itself.
  process.stdout.write(text, () => process.exit(violations > 0 ? 1 : 0));
} catch (error) {
  show(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 2;
}
