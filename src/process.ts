import type { Server } from 'node:http';
import { StartupError } from './errors.ts';
import type { Logger } from './log.ts';

/** Runs a program; a fault that its user can mend is told in words, and ends it with 1. */
export async function runProgram(program: () => Promise<void>): Promise<void> {
  try {
    await program();
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

/** How long a client may take to send a request, and to think of the next one, in milliseconds. */
export const serverLimits = {
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 10_000,
  connectionsCheckingInterval: 1000,
};

/**
 * Starts to listen; port 0 takes a free one.
 * @returns the URL of the server, without a slash at its end
 * @throws StartupError when the address cannot be had
 */
export async function listen(server: Server, host: string, port: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(port, host, resolve);
  await promise.catch((cause: Error) => {
    throw new StartupError(`Cannot listen: ${cause.message}. Set HOST and PORT to an address that is free.`, { cause });
  });
  const address = server.address();
  const chosenPort = typeof address === 'object' && address ? address.port : port;
  return `http://${host.includes(':') ? `[${host}]` : host}:${chosenPort}`;
}

/** Stops listening and lets running requests finish, for 7 seconds at most, whatever clients hold open. */
export async function stopListening(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  // Connections that were busy at `close` would stay open when they fall idle.
  const sweep = setInterval(() => server.closeIdleConnections(), 100);
  const cut = setTimeout(() => server.closeAllConnections(), 7000);
  await promise;
  clearInterval(sweep);
  clearTimeout(cut);
}

/** Calls `stop` at the first SIGTERM or SIGINT, and ends the process when that is done, or at once at the second. */
export function onStopSignal(stop: () => Promise<void>): void {
  let askedAt: number | undefined;
  const onSignal = () => {
    // A terminal's Ctrl+C reaches npm too, which passes it on: that echo is not a second wish.
    if (askedAt !== undefined && performance.now() - askedAt > 300) process.exit(1);
    if (askedAt !== undefined) return;
    askedAt = performance.now();
    void stop().then(() => process.exit(0));
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
}

/** Ends the process at an error that nobody caught, unless `isHarmless` knows it. */
export function onUncaughtError(log: Logger, isHarmless: (error: unknown) => boolean): void {
  process.on('uncaughtException', (error) => {
    if (isHarmless(error)) return log.warn({ err: error }, 'an error that nobody waited for');
    log.fatal({ err: error }, 'unexpected error');
    process.exit(1);
  });
}
