import pino, { type Logger } from 'pino';
import pretty from 'pino-pretty';

export type { Logger };

/**
 * Makes the logger of the process: lines for people at a terminal, JSON for machines elsewhere. Nothing that is logged
 * may hold a token, the variables of an operation or the parameters of a statement.
 */
export function createLogger(level: string, destination: NodeJS.WritableStream & { isTTY?: boolean }): Logger {
  const stream = destination.isTTY
    ? pretty({ destination, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' })
    : destination;
  return pino({ level, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: describeError } }, stream);
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
