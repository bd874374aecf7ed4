import { execFile } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { inject } from 'vitest';
import { migratePostgres } from '../../src/database/postgres/migrate-postgres.ts';
import { findFreePort } from './server-process.ts';

/** Where the programs of the newest PostgreSQL are. */
export const [binaries] = globSync('/usr/lib/postgresql/*/bin').toSorted((one, other) =>
  other.localeCompare(one, 'en', { numeric: true }),
);

/** Whether the programs of PostgreSQL are there. */
export const hasPostgres = Boolean(binaries && existsSync(path.join(binaries, 'initdb')));

/** Whether a test may start PostgreSQL servers of its own. They take time, so only where a PostgreSQL was asked for. */
export const canRunPostgres = Boolean(process.env['TEST_DATABASE_URL'] && hasPostgres);

export interface PostgresServer {
  port: number;
  /** The database that is served, as the user that owns it. */
  url: string;
  /** Runs statements in the database that is served, as the superuser. */
  query: (statements: string) => Promise<Record<string, unknown>[]>;
  /** A session of the superuser, for transactions. */
  connect: () => postgres.Sql;
  start: () => Promise<void>;
  stop: (mode: 'fast' | 'immediate') => Promise<void>;
  /** Ends all of its processes by `kill -9`, and waits until the system has forgotten them. */
  kill: () => Promise<void>;
  /**
   * Starts another server that replicates this one, which from then on waits for it at every commit.
   * @param port where it listens; a free port without it
   */
  startStandby: (port?: number) => Promise<PostgresServer>;
  /** Makes a primary out of a standby. */
  promote: () => Promise<void>;
  /** Stops it, and removes its files. */
  remove: () => Promise<void>;
}

/** Makes the data folder of a server with a migrated database; answers its path. */
export async function makePostgresTemplate(): Promise<string> {
  const folder = await makeFolder();
  await runPostgresCommand('initdb', ['-D', folder, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync']);
  const server = await openServer(folder);
  await server.start();
  await makeDatabase(server.port);
  await server.stop('fast');
  return folder;
}

/** Makes the migrated database on a server that is empty. */
export async function makeDatabase(port: number): Promise<void> {
  const admin = postgres(adminUrl(port, 'postgres'), { max: 1 });
  await admin.unsafe('create role app login');
  await admin.unsafe('create database app owner app');
  await admin.end();
  await migratePostgres(appUrl(port));
}

/**
 * Starts a PostgreSQL server of the test's own, with a migrated database.
 * @param template the data folder to copy; outside of Vitest it must be given
 * @param port where it listens; a free port without it
 */
export async function startPostgres(template = inject('postgresTemplate'), port?: number): Promise<PostgresServer> {
  const folder = await makeFolder();
  await runAsPostgres('cp', ['-a', `${template}/.`, folder]);
  const server = await openServer(folder, port);
  await server.start();
  return server;
}

/** Runs a program as the user postgres where this process is root, which PostgreSQL and PgBouncer refuse to run as. */
export async function runAsPostgres(program: string, parameters: string[]): Promise<string> {
  const isRoot = process.getuid?.() === 0;
  const [command = '', ...rest] = [...(isRoot ? ['runuser', '-u', 'postgres', '--'] : []), program, ...parameters];
  const { stdout } = await promisify(execFile)(command, rest, { cwd: '/' });
  return stdout.trim();
}

/** A new folder that belongs to the user who runs PostgreSQL. */
export function makeFolder(): Promise<string> {
  return runAsPostgres('mktemp', ['-d', '-t', 'ai-sessions-postgres-XXXXXX']);
}

/** Returns whether the process is there. */
function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

const runPostgresCommand = (name: string, parameters: string[]) =>
  runAsPostgres(path.join(binaries ?? '', name), parameters);

const adminUrl = (port: number, database: string) => `postgres://postgres@127.0.0.1:${port}/${database}`;
const appUrl = (port: number) => `postgres://app@127.0.0.1:${port}/app`;

// What would otherwise keep the tests waiting.
const quick = { deadlock_timeout: '300ms', wal_retrieve_retry_interval: '100ms' };

/** Makes connections to the database on a server, as the superuser. */
export function connectTo(port: number): Pick<PostgresServer, 'connect' | 'query'> {
  const connect = () => postgres(adminUrl(port, 'app'), { max: 1, onnotice: () => {} });
  return {
    connect,
    async query(statements) {
      const session = connect();
      const rows = await session.unsafe(statements).finally(() => session.end());
      return [...rows];
    },
  };
}

async function openServer(folder: string, givenPort?: number): Promise<PostgresServer> {
  const port = givenPort ?? (await findFreePort());
  // Nothing here cuts the power, and that is all that fsync guards against.
  const settings = { port, listen_addresses: '127.0.0.1', unix_socket_directories: folder, fsync: 'off', ...quick };
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
  const control = (...parameters: string[]) => runPostgresCommand('pg_ctl', ['-D', folder, '-w', ...parameters]);
  const { connect, query } = connectTo(port);

  return {
    port,
    url: appUrl(port),
    query,
    connect,
    start: async () => void (await control('-l', path.join(folder, 'log'), '-o', options.join(' '), 'start')),
    stop: async (mode) => void (await control('-m', mode, 'stop')),
    async kill() {
      const processes = await query(`
        select split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int as pid
        union all select pid from pg_stat_activity where pid <> pg_backend_pid()`);
      const pids = processes.map(({ pid }) => Number(pid));
      for (const pid of pids) sendSignal(pid, 'SIGKILL');
      // A start takes a process that is left, even a dead one, for a server that runs.
      while (pids.some((pid) => sendSignal(pid, 0))) await sleep(20);
    },
    async startStandby(standbyPort) {
      const standbyFolder = await makeFolder();
      const source = ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres'];
      await runPostgresCommand('pg_basebackup', [...source, '-D', standbyFolder, '-R', '-c', 'fast', '--no-sync']);
      const standby = await openServer(standbyFolder, standbyPort);
      await standby.start();
      await query(`alter system set synchronous_standby_names = '*'`);
      await query('select pg_reload_conf()');
      return standby;
    },
    promote: async () => void (await control('promote')),
    async remove() {
      await control('-m', 'immediate', 'stop').catch(() => {
        // It may have been stopped by the test.
      });
      await rm(folder, { recursive: true, force: true });
    },
  };
}
