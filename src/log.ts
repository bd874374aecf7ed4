import pino, { type DestinationStream, type Logger } from 'pino';
import pretty from 'pino-pretty';

export type { Logger };

/** Readable lines at a terminal; elsewhere JSON, of which 16 MB wait for a slow reader and the rest is dropped. */
export function openLogOutput(): DestinationStream {
  return process.stdout.isTTY
    ? pretty({ ignore: 'pid,hostname', translateTime: 'HH:MM:ss' })
    : batchLines(pino.destination({ dest: 1, sync: false, maxLength: 16_000_000 }));
}

/** Writes the lines of one turn together: the destination measures its whole buffer at each write. */
function batchLines(destination: DestinationStream): DestinationStream {
  let lines = '';
  const flush = () => {
    if (lines !== '') destination.write(lines);
    lines = '';
  };
  // Must run before the destination's own listener, which writes out its buffer.
  process.prependListener('exit', flush);
  return {
    write(line) {
      if (lines === '') setImmediate(flush);
      lines += line;
    },
  };
}

/** Makes the logger. Never log a token, an operation's variables or a statement's parameters. */
export function createLogger(level: string, output: DestinationStream): Logger {
  return pino({ level, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: describeError } }, output);
}

/** PostgreSQL's codes whose messages name a table, a schema or a prepared statement, and no value. */
const safeCodes = new Set<unknown>(['42501', '42P01', '3F000', '26000', '42P05']);

/** Hides Drizzle's messages, which hold the statement and its parameters. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name } = error;
  const code = 'code' in error ? error.code : undefined;
  const constraint = 'constraint_name' in error ? error.constraint_name : undefined;
  const message = 'query' in error && !safeCodes.has(code) ? 'a statement failed' : error.message;
  const stack = error.stack?.split('\n').filter((line) => line.startsWith('    at '));
  return { name, code, constraint, message, stack, cause: error.cause && describeError(error.cause) };
}
