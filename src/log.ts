import pino, { type DestinationStream, type Logger } from 'pino';
import pretty from 'pino-pretty';

export type { Logger };

/**
 * Lines for people at a terminal; elsewhere JSON for machines, written as fast as they are read: what nobody reads is
 * dropped at 16 MB.
 */
export function openLogOutput(): DestinationStream {
  return process.stdout.isTTY
    ? pretty({ ignore: 'pid,hostname', translateTime: 'HH:MM:ss' })
    : gatherLines(pino.destination({ dest: 1, sync: false, maxLength: 16_000_000 }));
}

/** Hands on together what is logged in one turn: the destination measures all that it holds anew at each write. */
function gatherLines(destination: DestinationStream): DestinationStream {
  let lines = '';
  const flush = () => {
    if (lines !== '') destination.write(lines);
    lines = '';
  };
  // Ahead of the destination's own, which writes what it then holds.
  process.prependListener('exit', flush);
  return {
    write(line) {
      if (lines === '') setImmediate(flush);
      lines += line;
    },
  };
}

/** Makes the logger. Nothing that is logged may hold a token, the variables of an operation or those of a statement. */
export function createLogger(level: string, output: DestinationStream): Logger {
  return pino({ level, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: describeError } }, output);
}

/** Leaves out the messages of Drizzle, which hold the statement and its parameters. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name } = error;
  const code = 'code' in error ? error.code : undefined;
  const constraint = 'constraint_name' in error ? error.constraint_name : undefined;
  const message = 'query' in error ? 'a statement failed' : error.message;
  const stack = error.stack?.split('\n').filter((line) => line.startsWith('    at '));
  return { name, code, constraint, message, stack, cause: error.cause && describeError(error.cause) };
}
