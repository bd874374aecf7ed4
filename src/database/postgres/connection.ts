import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import type { Address, DatabaseUrl } from './database-url.ts';
import { errorCode, failureOf } from '../failures.ts';
import type { StatementWatch } from './slow-statements.ts';
import { openSocket, requestCancel } from './socket.ts';

/** How long PostgreSQL may take to answer what costs it nothing, in milliseconds. */
const answerMs = 500;

/** How long a new connection may take, in milliseconds. */
const connectMs = 10_000;

/** How dates are written: poolers know both, as every JDBC driver sets them. */
const ownParameters = { application_name: 'ai-sessions', TimeZone: 'UTC', DateStyle: 'ISO' };

type ConnectionOrm = PostgresJsDatabase & { $client: postgres.Sql };

/** A connection to PostgreSQL that is made when it is needed, and again after it was lost. */
export interface Connection {
  /** Connects, unless it is connected. */
  open(): Promise<ConnectionOrm>;
  /** Asks PostgreSQL to cancel the statement that runs, or gives up connecting. Returns false if PostgreSQL does not answer. */
  cancel(): Promise<boolean>;
  /** Notes that the work on it is done, for now. */
  rest(): void;
  /** Has the next `open` ask PostgreSQL whether the connection still works. */
  doubt(): void;
  /** Destroys the socket: one whose packets are dropped would hang forever (porsager/postgres#1089). */
  destroy(): void;
  /** Closes the session on PostgreSQL, within a second. */
  close(): Promise<void>;
}

export interface ConnectionOptions {
  url: DatabaseUrl;
  prepare: boolean;
  /** Settings of the session. */
  parameters: Record<string, string | number>;
  /** Tells whether another socket may be opened now. */
  throttle: () => Promise<boolean>;
  statements: StatementWatch;
  /** Called when a pooler answers instead of PostgreSQL itself. */
  onPooler: () => void;
}

interface Session {
  orm: ConnectionOrm;
  sockets: AbortController;
}

/** The server behind the connection, and the key that cancels a statement there. */
interface Backend {
  address: Address;
  key?: { pid: number; secret: number };
  isDoubted?: boolean;
}

export function createConnection({
  url,
  prepare,
  parameters,
  throttle,
  statements,
  onPooler,
}: ConnectionOptions): Connection {
  const { addresses } = url;
  let session: Session | undefined;
  let backend: Backend | undefined;
  let way = 0;
  const encryption = () => url.encryption[way] ?? 'on';

  /** Of several hosts, all connections use the first that has not failed. */
  function skip(address: Address | undefined): void {
    if (address && address === addresses[0]) addresses.push(...addresses.splice(0, 1));
  }

  async function openNextSocket(signal: AbortSignal) {
    const isAllowed = await throttle();
    const [address] = addresses;
    if (!isAllowed || !address || signal.aborted) throw tooManyAttempts();
    const opened: Backend = { address };
    try {
      const socket = await openSocket(address, encryption(), url, signal);
      backend = opened;
      socket.once('close', () => {
        if (backend !== opened) return;
        if (!opened.key) skip(address);
        backend = undefined;
      });
      return socket;
    } catch (error) {
      skip(address);
      throw error;
    }
  }

  function createSession(): Session {
    const sockets = new AbortController();
    const settings = {
      ...url.credentials,
      // Named in the driver's errors only.
      host: 'database',
      max: 1,
      prepare,
      ssl: false,
      socket: () => openNextSocket(sockets.signal),
      backoff: () => 0,
      // Skip the driver's type query: its errors are unhandled, and we use no arrays.
      fetch_types: false,
      connection: { ...ownParameters, ...parameters, ...url.parameters },
      onnotice: () => {},
    };
    return { orm: drizzle(postgres(settings), { logger: statements }), sockets };
  }

  function destroy(): void {
    const { orm, sockets } = session ?? {};
    session = undefined;
    backend = undefined;
    sockets?.abort();
    void orm?.$client.end({ timeout: 0 });
  }

  /** Connects, or asks a connection that is in doubt. */
  async function connect({ orm }: Session): Promise<void> {
    const timer = setTimeout(destroy, backend ? answerMs : connectMs);
    const question = 'select pg_backend_pid() as pid, pg_is_in_recovery() as "isStandby"';
    const answer = await orm.$client
      .unsafe<{ pid: number; isStandby: boolean }[]>(question)
      .finally(() => clearTimeout(timer));
    const [{ pid, isStandby } = {}] = answer;
    if (isStandby && addresses.length > 1) {
      skip(backend?.address);
      throw Object.assign(new Error('the database is a standby'), { code: '25006' });
    }
    if (pid !== answer.state.pid) onPooler();
    if (backend) Object.assign(backend, { key: answer.state, isDoubted: false });
  }

  return {
    async open() {
      for (let triesLeft = addresses.length * url.encryption.length - 1; ; triesLeft -= 1) {
        session ??= createSession();
        const { orm } = session;
        if (backend?.key && !backend.isDoubted) return orm;
        try {
          await connect(session);
          return orm;
        } catch (error) {
          destroy();
          // What sslmode=prefer and allow fall back from: pg_hba.conf refuses the connection, or TLS fails.
          const isRefused = /^(28000|EPROTO|ERR_SSL_.*)$/.test(errorCode(error));
          if (isRefused) way = (way + 1) % url.encryption.length;
          if (triesLeft === 0 || !(isRefused || failureOf(error) === 'connectionLost')) throw error;
        }
      }
    },

    async cancel() {
      if (!backend?.key) {
        skip(backend?.address);
        destroy();
        return true;
      }
      const { address, key } = backend;
      const signal = AbortSignal.timeout(answerMs);
      try {
        await requestCancel(await openSocket(address, encryption(), url, signal), key);
        return !signal.aborted;
      } catch {
        return false;
      }
    },

    rest: statements.end,

    doubt() {
      if (backend) backend.isDoubted = true;
    },

    destroy,

    async close() {
      await session?.orm.$client.end({ timeout: 1 });
      destroy();
    },
  };
}

function tooManyAttempts(): Error {
  return Object.assign(new Error('too many attempts to connect to the database'), { code: 'ECONNREFUSED' });
}
