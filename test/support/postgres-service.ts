import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { GraphQLAnswer } from './graphql.ts';
import { startPostgres, type PostgresServer } from './postgres-server.ts';
import { cleanUp, startServer, type ServerProcess } from './server-process.ts';
import { secret, sign } from './sign-token.ts';
import { startProxy, type TcpProxy } from './tcp-proxy.ts';
import { codeOf } from './test-server.ts';

/** Ten new connections at once may take a busy machine more than a second. */
export const databaseTimeoutMs = 3000;

export type TimedAnswer = GraphQLAnswer & { milliseconds: number };

/** The server as a process of its own on a PostgreSQL, and an administrator who calls it. */
export interface PostgresService extends ServerProcess {
  /** Sends an operation, and notes how long the answer took. */
  send: (query: string, variables?: object) => Promise<TimedAnswer>;
  createSession: (input?: object) => Promise<TimedAnswer>;
  /** The status of /health or /ready. */
  probe: (path: '/health' | '/ready') => Promise<number>;
}

/** Makes a token of the administrator alice. */
export const makeToken = () => sign();

/** Starts the server on the database at `url`, which is migrated. */
export async function startService(
  url: string,
  token: string,
  environment: Record<string, string> = {},
): Promise<PostgresService> {
  const timeout = String(databaseTimeoutMs);
  const server = await startServer({
    DATABASE_URL: url,
    DATABASE_TIMEOUT_MS: timeout,
    AUTH_SECRET: secret,
    ...environment,
  });
  const send: PostgresService['send'] = async (query, variables) => {
    const start = performance.now();
    const answer = await server.graphql(query, variables, { token });
    return { ...answer, milliseconds: performance.now() - start };
  };
  return {
    ...server,
    send,
    createSession: (input = {}) =>
      send('mutation ($input: NewAISessionInput!) { newAISession(input: $input) { id purpose } }', { input }),
    probe: async (path) => (await fetch(server.url + path)).status,
  };
}

/** The parts of an answer that tests compare. */
export function summarise({ status, errors, milliseconds }: TimedAnswer) {
  const hasRetryAfter = Number(errors?.[0]?.extensions.retryAfter) > 0;
  const isInTime = milliseconds < databaseTimeoutMs + 5000;
  return { status, code: codeOf({ errors }), hasRetryAfter, isInTime };
}

/** The answer to an operation whose field could not reach the database. */
export const unavailable = { status: 200, code: 'SERVICE_UNAVAILABLE', hasRetryAfter: true, isInTime: true };

/** What clients and a load balancer see. */
export async function observe({ createSession, probe }: PostgresService) {
  const creation = summarise(await createSession());
  return { creation, health: await probe('/health'), ready: await probe('/ready') };
}

export const away = { creation: unavailable, health: 200, ready: 503 };
export const back = {
  creation: { status: 200, code: undefined, hasRetryAfter: false, isInTime: true },
  health: 200,
  ready: 200,
};

/** Reads, which unlike creations are not batched: each takes a connection. Answers the codes of their errors. */
export async function readAtOnce({ send }: PostgresService, count: number): Promise<(string | undefined)[]> {
  const answers = Array.from({ length: count }, () => send('{ accounts { totalCount } }'));
  return (await Promise.all(answers)).map(codeOf);
}

/** Reads for three seconds while the database is away, and expects that few connections to it are tried meanwhile. */
export async function expectFewAttempts(service: PostgresService, countConnections: () => number): Promise<void> {
  const [before, start] = [countConnections(), performance.now()];
  const answers: ReturnType<typeof readAtOnce>[] = [];
  for (let round = 0; round < 15; round += 1) {
    answers.push(readAtOnce(service, 10));
    await sleep(200);
  }
  const attempts = countConnections() - before;
  const seconds = (performance.now() - start) / 1000;
  expect(new Set((await Promise.all(answers)).flat())).toEqual(new Set(['SERVICE_UNAVAILABLE']));
  // Twice the pool at once, then one every 60 milliseconds.
  expect(attempts).toBeLessThanOrEqual(20 + 17 * seconds);
}

type Queried = Pick<PostgresServer, 'query'>;

/** How many connections servers have, as the database sees it: all, or those for which an SQL condition holds. */
export async function countBackends(database: Queried, condition = 'true'): Promise<number> {
  const statement = `select count(*)::int from pg_stat_activity where usename = 'app' and ${condition}`;
  return Number((await database.query(statement))[0]?.['count']);
}

/** How many statements of servers wait for a lock. */
export const countWaiting = (database: Queried) => countBackends(database, `wait_event_type = 'Lock'`);

/** Ends the connections of servers from the side of the database, and waits until they have gone. */
export async function endBackends(database: Queried): Promise<void> {
  const ended = await database.query(
    `select pid, pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'`,
  );
  const pids = ended.map(({ pid }) => pid);
  if (pids.length > 0) await expect.poll(() => countBackends(database, `pid in (${pids.join()})`)).toBe(0);
}

export interface Bench {
  database: PostgresServer;
  proxy: TcpProxy;
  service: PostgresService;
  /** How many statements of the service wait for a lock. */
  countWaiting: () => Promise<number>;
  /** How many connections the service has, as the database sees it. */
  countBackends: () => Promise<number>;
  /** Ends the connections of the service from the side of the database. */
  endBackends: () => Promise<void>;
  /** Changes a setting of the connections that the service makes from now on, and ends those that it has. */
  changeRole: (change: string) => Promise<void>;
  close: () => Promise<void>;
}

/** Starts a PostgreSQL, a proxy in front of it, and the server that knows only the proxy. */
export async function openBench(): Promise<Bench> {
  const database = await startPostgres();
  const proxy = await startProxy(database.port);
  const url = new URL(database.url);
  url.port = String(proxy.port);
  const service = await startService(url.href, makeToken());
  return {
    database,
    proxy,
    service,
    countWaiting: () => countWaiting(database),
    countBackends: () => countBackends(database),
    endBackends: () => endBackends(database),
    async changeRole(change) {
      await database.query(`alter role app ${change}`);
      await endBackends(database);
    },
    async close() {
      await cleanUp();
      await proxy.close();
      await database.remove();
    },
  };
}
