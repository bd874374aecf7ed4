import { expect } from 'vitest';
import { startPostgres, type PostgresServer } from './postgres-server.ts';
import { cleanUp, runScript, startServer, type ServerProcess } from './server-process.ts';
import { startProxy, type TcpProxy } from './tcp-proxy.ts';
import type { GraphQLAnswer } from './test-server.ts';

const AUTH_SECRET = 'a secret that only this test knows of';
export const databaseTimeoutMs = 1000;

/** The server as a process of its own on a PostgreSQL, and an administrator who calls it. */
export interface PostgresService extends ServerProcess {
  /** Sends an operation, and notes how long the answer took. */
  send: (query: string, variables?: object) => Promise<GraphQLAnswer & { milliseconds: number }>;
  createSession: (input?: object) => Promise<GraphQLAnswer & { milliseconds: number }>;
  /** The status of /health or /ready. */
  probe: (path: '/health' | '/ready') => Promise<number>;
}

/** Brings the database up to date. */
export async function migrate(url: string): Promise<void> {
  expect(await runScript('src/commands/migrate.ts', [], { DATABASE_URL: url })).toMatchObject({ code: 0, stderr: '' });
}

export async function makeToken(): Promise<string> {
  const parameters = ['--sub', 'alice', '--role', 'SystemAdministrator'];
  const { stdout } = await runScript('src/commands/token.ts', parameters, { AUTH_SECRET });
  return stdout.trim();
}

/** Starts the server on the database at `url`, which is migrated. */
export async function startService(
  url: string,
  token: string,
  environment: Record<string, string> = {},
): Promise<PostgresService> {
  const timeout = String(databaseTimeoutMs);
  const server = await startServer({ DATABASE_URL: url, DATABASE_TIMEOUT_MS: timeout, AUTH_SECRET, ...environment });
  const send: PostgresService['send'] = async (query, variables) => {
    const start = performance.now();
    const answer = await server.graphql(query, variables, { Authorization: `Bearer ${token}` });
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

/** What clients and the load balancer see while the database is away. */
export async function expectUnavailable(
  { probe }: PostgresService,
  answer: Awaited<ReturnType<PostgresService['send']>>,
): Promise<void> {
  const { status, headers, errors, milliseconds } = answer;
  expect({ status, code: errors?.[0]?.extensions.code }).toEqual({ status: 503, code: 'SERVICE_UNAVAILABLE' });
  expect(headers.get('Retry-After')).toMatch(/^[1-9]\d*$/);
  expect(milliseconds).toBeLessThan(databaseTimeoutMs + 1000);
  expect(await probe('/health')).toBe(200);
}

export interface Bench {
  database: PostgresServer;
  proxy: TcpProxy;
  service: PostgresService;
  /** How many statements of the service wait for a lock. */
  countWaiting: () => Promise<unknown>;
  /** How many connections the service has, as the database sees it. */
  countBackends: () => Promise<unknown>;
  /** Ends the connections of the service from the side of the database. */
  endBackends: () => Promise<unknown>;
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
  await migrate(url.href);
  const service = await startService(url.href, await makeToken());
  const count = async (condition: string) => {
    const statement = `select count(*)::int from pg_stat_activity where usename = 'app' and ${condition}`;
    return (await database.query(statement))[0]?.['count'];
  };
  const endBackends = () =>
    database.query(`select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = 'app'`);
  return {
    database,
    proxy,
    service,
    countWaiting: () => count(`wait_event_type = 'Lock'`),
    countBackends: () => count('true'),
    endBackends,
    async changeRole(change) {
      await database.query(`alter role app ${change}`);
      await endBackends();
    },
    async close() {
      await cleanUp();
      await proxy.close();
      await database.remove();
    },
  };
}
