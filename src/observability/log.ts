import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import pino, { type DestinationStream, type Logger } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { droppedLogLines } from './metrics.ts';

export type { Logger };

/** What the log line of a request will say, filled in as it becomes known. */
export interface LogFields {
  operation?: string;
  /** Set if the document is trusted. */
  trusted?: true;
  viewer?: string;
  errors?: string[];
}

export interface LogOutput extends DestinationStream {
  /** Writes out what waits, for half a second at most. Later lines are lost. */
  close: () => Promise<unknown>;
}

/** Readable lines at a terminal; elsewhere JSON, of which 16 MB wait for a slow reader and the rest is dropped. */
export function openLogOutput(): LogOutput {
  // A full disk or a closed pipe must not end the process.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  if (!process.stdout.isTTY) return batchLines(pino.destination({ dest: 1, sync: false, maxLength: 16_000_000 }));
  const prettify = prettyFactory({ ignore: 'pid,hostname', translateTime: 'HH:MM:ss', singleLine: true });
  const write = (line: string) => void process.stdout.write(escapeControls(prettify(line)));
  return { write, close: () => Promise.resolve() };
}

/** Writes the lines of one turn together: the destination measures its whole buffer at each write. */
function batchLines(destination: ReturnType<typeof pino.destination>): LogOutput {
  let lines = '';
  let dropped = 0;
  let closing: Promise<unknown> | undefined;
  const flush = () => {
    if (lines !== '') destination.write(lines);
    lines = '';
  };
  const reportDropped = () => {
    const count = dropped;
    dropped = 0;
    if (count > 0 && !closing) createLogger('warn', destination).warn(`${count} log lines were dropped`);
  };
  destination.on('drop', (text: string) => {
    const count = text.split('\n').length - 1;
    dropped += count;
    droppedLogLines.inc(count);
  });
  // There is room only after the listeners were called.
  destination.on('write', () => queueMicrotask(reportDropped));
  // After an error, such as a full disk, the destination tries again at its next write.
  destination.on('error', () => {});
  // Must run before pino's own listener, which waits forever for a reader that stopped reading, or for a full disk.
  process.prependListener('exit', () => {
    destination.destroy();
    try {
      writeSync(1, lines);
    } catch {
      // No one reads the log any more.
    }
  });
  const end = () => {
    flush();
    const { promise, resolve } = Promise.withResolvers<void>();
    destination.once('close', resolve).end();
    return Promise.race([promise, sleep(500)]);
  };
  return {
    write(line) {
      if (closing) return;
      if (lines === '') setImmediate(flush);
      lines += line;
    },
    close: () => (closing ??= end()),
  };
}

/** Makes the logger. Never log a token, an operation's variables or a statement's parameters. */
export function createLogger(level: string, output: DestinationStream): Logger {
  const safeOutput = { write: (line: string) => output.write(escapeControls(line)) };
  return pino({ level, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: describeError } }, safeOutput);
}

/** Escapes what JSON leaves as it is and terminals act on: control characters, and those that turn text around. */
function escapeControls(line: string): string {
  return line.replaceAll(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
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
