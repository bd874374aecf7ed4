import packageJson from '../package.json' with { type: 'json' };
import { StartupError } from './errors.ts';
import type { Logger, LogOutput } from './observability/log.ts';

/** Runs a program. A StartupError is explained on stderr and ends the process with code 1. */
export async function runProgram(program: () => Promise<void>): Promise<void> {
  try {
    requireNode(packageJson.engines.node.replace('>=', ''));
    await program();
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

/** @param oldest the oldest version of Node.js that will do, as `major.minor` */
function requireNode(oldest: string): void {
  const { node } = process.versions;
  if (node.localeCompare(oldest, 'en', { numeric: true }) >= 0) return;
  throw new StartupError(`AI Sessions needs Node.js ${oldest} or newer, and this is ${node} (${process.execPath}).`);
}

/** How long stopping may take, from the first signal, in milliseconds. */
const stopLimit = 9500;

/** Calls `stop` at the first SIGTERM, SIGINT or SIGHUP, then ends the process; a second signal ends it at once. */
export function onStopSignal(stop: () => Promise<void>): void {
  let stoppingSince: number | undefined;
  const onSignal = () => {
    // Ctrl+C reaches npm too, which passes the signal on: that echo is not a second request.
    if (stoppingSince !== undefined && performance.now() - stoppingSince > 300) process.exit(1);
    if (stoppingSince !== undefined) return;
    stoppingSince = performance.now();
    setTimeout(() => process.exit(1), stopLimit);
    void stop().then(() => process.exit(0));
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal).on('SIGHUP', onSignal);
}

/** Logs an uncaught error, and ends the process. */
export function onUncaughtError(log: Logger, output: LogOutput): void {
  process.on('uncaughtException', async (error) => {
    log.fatal({ err: error }, 'unexpected error');
    await output.close();
    process.exit(1);
  });
}
