import type { Socket } from 'node:net';
import type { Logger as StatementLogger } from 'drizzle-orm';
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { DatabaseFailure } from '../failures.ts';
import type { DatabaseUrl } from './database-url.ts';
import { createRoutes, type Route } from './routes.ts';
import { openSocket, whileOpen } from './socket.ts';

/** How long connecting may take at most, in milliseconds. */
const connectingLimit = 10_000;

/** A route has failed when its connection is lost so soon, in milliseconds. */
const shortestLife = 1000;

/** How dates are written: poolers know both, as every JDBC driver sets them. */
const ownParameters = { application_name: 'ai-sessions', TimeZone: 'UTC', DateStyle: 'ISO' };

/** One session of PostgreSQL. It ends with its socket, which it never replaces. */
export interface Connection {
  socket: Socket;
  client: postgres.Sql;
  orm: PostgresJsDatabase;
}

interface ConnectionOptions {
  url: DatabaseUrl;
  /** Whether PostgreSQL keeps prepared statements for a connection. */
  prepare: boolean;
  /** How long connecting may take, in milliseconds. */
  timeoutMs?: number;
  /** Settings of the session. */
  parameters?: Record<string, string | number>;
  statementLog?: StatementLogger;
  /** Called when a pooler has lost a prepared statement, which the driver then prepares again. */
  onStatementLost?: () => void;
}

/** Makes a function that opens a connection by the first route that works. Work must run on it at once. */
export function createConnector(options: ConnectionOptions): () => Promise<Connection> {
  const { url, timeoutMs = connectingLimit } = options;
  const routes = createRoutes(url);

  async function connectBy(route: Route, signal: AbortSignal): Promise<Connection> {
    const connection = await openConnection(await openSocket(route, url, signal), options);
    const { socket } = connection;
    const openedAt = performance.now();
    socket.once('close', () => {
      if (performance.now() - openedAt < shortestLife) routes.noteFailure(route, socket.errored);
    });
    routes.noteSuccess();
    return connection;
  }

  return async () => {
    const sockets = new AbortController();
    const failure = new DatabaseFailure('08006', 'connecting to the database took too long');
    const timer = setTimeout(() => sockets.abort(failure), Math.min(timeoutMs, connectingLimit));
    try {
      for (let triesLeft = routes.count - 1; ; triesLeft -= 1) {
        const route = await routes.next();
        sockets.signal.throwIfAborted();
        try {
          return await connectBy(route, sockets.signal);
        } catch (error) {
          const mayOtherWork = routes.noteFailure(route, error);
          if (triesLeft === 0 || !mayOtherWork) throw error;
        }
      }
    } finally {
      clearTimeout(timer);
    }
  };
}

/**
 * Makes a client that has this socket only: postgres.js would mix rows of a response that was cut off with those of the
 * next one, and report statements as done that never ran.
 */
async function openConnection(socket: Socket, options: ConnectionOptions): Promise<Connection> {
  const { url, prepare, parameters, statementLog, onStatementLost } = options;
  const settings = {
    ...url.credentials,
    // Named in the driver's errors only.
    host: 'database',
    max: 1,
    prepare,
    ssl: false,
    socket: () => socket,
    // The driver would close it, and connect again by itself.
    max_lifetime: null,
    // Skip the driver's type query: its errors are unhandled, and we use no arrays.
    fetch_types: false,
    connection: { ...ownParameters, ...parameters, ...url.parameters },
    onnotice: () => {},
  };
  const client = postgres(settings);
  const question = client.unsafe<{ isStandby: boolean }[]>('select pg_is_in_recovery() as "isStandby"');
  const [row] = await whileOpen(socket, question);
  if (row?.isStandby && url.addresses.length > 1) {
    socket.destroy();
    throw new DatabaseFailure('25006', 'the database is a standby');
  }
  // The driver hides that a prepared statement is missing (26000) or there already: it prepares it again, by another
  // name.
  socket.on('data', (message: Buffer) => {
    if (message.toString('latin1', 0, 1) === 'E' && /\0C(26000|42P05)\0/.test(message.toString('latin1')))
      onStatementLost?.();
  });
  return { socket, client, orm: drizzle(client, { ...(statementLog && { logger: statementLog }) }) };
}
