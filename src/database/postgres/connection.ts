import type { Socket } from 'node:net';
import type { Logger as StatementLogger } from 'drizzle-orm';
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { DatabaseFailure, failureOf } from '../failures.ts';
import type { DatabaseUrl } from './database-url.ts';
import { isEncryptionRefused, type Route, type Routes } from './routes.ts';
import { openDeadSocket, openSocket, whileOpen } from './socket.ts';

/** How long connecting may take, in milliseconds. */
const connectingLimit = 10_000;

/** A route has failed when its connection is lost so soon, in milliseconds. */
const shortestLife = 1000;

/** How dates are written: poolers know both, as every JDBC driver sets them. */
const ownParameters = { application_name: 'ai-sessions', TimeZone: 'UTC', DateStyle: 'ISO' };

/** One connection to PostgreSQL, for one piece of work after the other. Once closed, it stays so. */
export interface Connection {
  readonly state: 'connecting' | 'ready' | 'closed';
  /** How many bytes PostgreSQL has sent. */
  readonly received: number;
  /**
   * Runs work once it is connected.
   * @throws what connecting fails with, and a failure of the kind `connectionLost` as soon as the connection is lost
   */
  run<T>(work: (orm: PostgresJsDatabase) => Promise<T>): Promise<T>;
  /** Closes the socket, whatever runs: one whose packets are dropped would hang forever (porsager/postgres#1089). */
  destroy(): void;
  /** Ends the session, within a second. */
  close(): Promise<void>;
}

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

/** Connects by the first route that works. */
export function openConnection(options: ConnectionOptions): Connection {
  const { routes } = options;
  const sockets = new AbortController();
  let state: State = { name: 'connecting' };
  const opened = connect();
  opened.catch(() => {
    // Told to the work that waits for it.
  });

  function close(): void {
    state = { name: 'closed' };
    sockets.abort(new DatabaseFailure('08006', 'the connection to the database was given up'));
  }

  async function connect(): Promise<Session> {
    const timer = setTimeout(close, connectingLimit);
    try {
      const { session, route } = await openFirst();
      sockets.signal.throwIfAborted();
      const openedAt = performance.now();
      session.socket.once('close', () => {
        if (performance.now() - openedAt < shortestLife) routes.noteFailure(route, session.socket.errored);
        close();
      });
      state = { name: 'ready', session };
      return session;
    } catch (error) {
      close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async function openFirst(): Promise<{ session: Session; route: Route }> {
    for (let triesLeft = routes.count - 1; ; triesLeft -= 1) {
      const route = await routes.next();
      sockets.signal.throwIfAborted();
      try {
        const session = await openSession(route, options, sockets.signal);
        routes.noteSuccess();
        return { session, route };
      } catch (error) {
        routes.noteFailure(route, error);
        const mayOtherWork = isEncryptionRefused(error) || failureOf(error) === 'connectionLost';
        if (triesLeft === 0 || !mayOtherWork || sockets.signal.aborted) throw error;
      }
    }
  }

  return {
    get state() {
      return state.name;
    },
    get received() {
      return state.name === 'ready' ? state.session.socket.bytesRead : 0;
    },
    async run(work) {
      const { socket, orm } = await opened;
      return whileOpen(socket, work(orm));
    },
    destroy: close,
    async close() {
      if (state.name === 'ready') await state.session.client.end({ timeout: 1 });
      close();
    },
  };
}

/**
 * Opens a socket, and makes a client of it that is never used again once the socket has closed: postgres.js would mix rows
 * of an interrupted response with those of the next one, and report statements as done that never ran.
 */
async function openSession(route: Route, options: ConnectionOptions, signal: AbortSignal): Promise<Session> {
  const { url, routes, prepare, parameters, statementLog } = options;
  const socket = await openSocket(route, url, signal);
  const sockets = [socket];
  const settings = {
    ...url.credentials,
    // Named in the driver's errors only.
    host: 'database',
    max: 1,
    prepare,
    ssl: false,
    socket: () => sockets.pop() ?? openDeadSocket(),
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
  if (row?.isStandby && routes.count > 1) {
    socket.destroy();
    throw new DatabaseFailure('25006', 'the database is a standby');
  }
  socket.on('data', (chunk) => {
    if (isStatementLost(chunk)) options.onStatementLost();
  });
  return { socket, client, orm: drizzle(client, { logger: statementLog }) };
}

/**
 * Whether PostgreSQL reports that a prepared statement is missing, or there already. The driver hides it: it prepares the
 * statement again, under another name.
 */
function isStatementLost(message: Buffer): boolean {
  return message[0] === 'E'.charCodeAt(0) && /\0C(26000|42P05)\0/.test(message.toString('latin1'));
}
