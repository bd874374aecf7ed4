import type { Socket } from 'node:net';
import type { Logger as StatementLogger } from 'drizzle-orm';
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { DatabaseFailure } from '../failures.ts';
import type { DatabaseUrl } from './database-url.ts';
import type { Route, Routes } from './routes.ts';
import { openDeadSocket, openSocket, whileOpen } from './socket.ts';

/** How long connecting may take, in milliseconds. */
const connectingLimit = 10_000;

/** A route has failed when its connection is lost so soon, in milliseconds. */
const shortestLife = 1000;

/** How dates are written: poolers know both, as every JDBC driver sets them. */
const ownParameters = { application_name: 'ai-sessions', TimeZone: 'UTC', DateStyle: 'ISO' };

export type Connection = ReturnType<typeof openConnection>;

export interface ConnectionOptions {
  url: DatabaseUrl;
  routes: Routes;
  prepare: boolean;
  /** Settings of the session. */
  parameters: Record<string, string | number>;
  statementLog: StatementLogger;
  /** Called when a pooler has lost a prepared statement, which the driver then prepares again. */
  onStatementLost: () => void;
}

interface Session {
  socket: Socket;
  client: postgres.Sql;
  orm: PostgresJsDatabase;
}

type State = { name: 'connecting' } | { name: 'ready'; session: Session } | { name: 'closed' };

/** Opens one connection, by the first route that works. Once closed, it stays so. Work must run on it at once. */
export function openConnection(options: ConnectionOptions) {
  const { routes } = options;
  const sockets = new AbortController();
  let state: State = { name: 'connecting' };
  const opened = connect();

  async function connect(): Promise<Session> {
    const timer = setTimeout(destroy, connectingLimit);
    try {
      for (let triesLeft = routes.count - 1; ; triesLeft -= 1) {
        const route = await routes.next();
        sockets.signal.throwIfAborted();
        try {
          const session = await openSession(route, options, sockets.signal);
          becomeReady(session, route);
          return session;
        } catch (error) {
          const mayOtherWork = routes.noteFailure(route, error);
          if (triesLeft === 0 || !mayOtherWork) throw error;
        }
      }
    } catch (error) {
      destroy();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  function becomeReady(session: Session, route: Route): void {
    sockets.signal.throwIfAborted();
    state = { name: 'ready', session };
    routes.noteSuccess();
    const openedAt = performance.now();
    session.socket.once('close', () => {
      if (performance.now() - openedAt < shortestLife) routes.noteFailure(route, session.socket.errored);
      destroy();
    });
  }

  function destroy(): void {
    state = { name: 'closed' };
    sockets.abort(new DatabaseFailure('08006', 'the connection to the database was given up'));
  }

  return {
    get state() {
      return state.name;
    },

    /** How many bytes PostgreSQL has sent. */
    get received() {
      return state.name === 'ready' ? state.session.socket.bytesRead : 0;
    },

    /**
     * Runs work, once connected.
     * @throws what connecting fails with, and a failure of the kind `connectionLost` as soon as the connection is lost
     */
    async run<T>(work: (orm: PostgresJsDatabase) => Promise<T>): Promise<T> {
      const { socket, orm } = await opened;
      return whileOpen(socket, work(orm));
    },

    /** Closes the socket, whatever runs: one whose packets are dropped would hang forever (porsager/postgres#1089). */
    destroy,

    /** Ends the session, within a second. */
    async close(): Promise<void> {
      if (state.name === 'ready') await state.session.client.end({ timeout: 1 });
      destroy();
    },
  };
}

/**
 * Opens a socket, and makes a client of it that never has another: postgres.js would mix rows of a response that was
 * cut off with those of the next one, and report statements as done that never ran.
 */
async function openSession(route: Route, options: ConnectionOptions, signal: AbortSignal): Promise<Session> {
  const { url, prepare, parameters, statementLog, onStatementLost } = options;
  const socket = await openSocket(route, url, signal);
  const unused = [socket];
  const settings = {
    ...url.credentials,
    // Named in the driver's errors only.
    host: 'database',
    max: 1,
    prepare,
    ssl: false,
    socket: () => unused.pop() ?? openDeadSocket(),
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
      onStatementLost();
  });
  return { socket, client, orm: drizzle(client, { logger: statementLog }) };
}
