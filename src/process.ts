import { errorCode, StartupError } from './errors.ts';
import type { Logger, LogOutput } from './observability/log.ts';

/** How long stopping may take, from the first signal, in milliseconds. */
const stopLimit = 9500;
/** Ctrl+C reaches npm too, which passes the signal on: within this time, in milliseconds, that is not a second signal. */
const echoTime = 300;

/**
 * Runs a program. A StartupError, or a wrong option, is explained on stderr and ends the process with code 1. SIGTERM,
 * SIGINT or SIGHUP ends it too: with code 0 after what the program gave to `onStop`, or with code 1 if it gave nothing or
 * at a second signal. (As number 1 of a container, a process gets no signal that it does not handle.)
 */
export async function runProgram(
  program: (onStop: (stop: () => Promise<void>) => void) => Promise<void>,
): Promise<void> {
  let stop: (() => Promise<void>) | undefined;
  let stoppingSince = Infinity;
  const onSignal = () => {
    if (!stop || performance.now() - stoppingSince > echoTime) process.exit(1);
    if (stoppingSince < Infinity) return;
    stoppingSince = performance.now();
    setTimeout(() => process.exit(1), stopLimit);
    void stop().then(() => process.exit(0));
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal).on('SIGHUP', onSignal);
  try {
    await program((given) => (stop = given));
  } catch (error) {
    const isExpected = error instanceof StartupError || errorCode(error).startsWith('ERR_PARSE_ARGS_');
    if (!(error instanceof Error) || !isExpected) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

/** Logs an uncaught error, and ends the process. */
export function onUncaughtError(log: Logger, output: LogOutput): void {
  process.on('uncaughtException', async (error) => {
    log.fatal({ err: error }, 'unexpected error');
    await output.close();
    process.exit(1);
  });
}
