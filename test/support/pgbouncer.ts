import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeFolder, runAsPostgres, type PostgresServer } from './postgres-server.ts';
import { findFreePort } from './server-process.ts';

// Debian installs it where only root looks.
const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin'];
const binary = folders.map((folder) => path.join(folder, 'pgbouncer')).find((file) => existsSync(file));

export const hasPgBouncer = binary !== undefined;

/** Starts PgBouncer in transaction mode in front of a PostgreSQL, on which it opens so many connections. */
export async function startPgBouncer(
  database: PostgresServer,
  poolSize: number,
  otherSettings: Record<string, string> = {},
) {
  const folder = await makeFolder();
  const port = await findFreePort();
  const inFolder = (name: string) => path.join(folder, name);
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: folder,
    auth_type: 'trust',
    auth_file: inFolder('users'),
    pool_mode: 'transaction',
    default_pool_size: poolSize,
    pidfile: inFolder('pid'),
    logfile: inFolder('log'),
    ...otherSettings,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const target = `app = host=127.0.0.1 port=${database.port} dbname=app`;
  await writeFile(inFolder('users'), '"app" ""\n');
  await writeFile(inFolder('ini'), ['[databases]', target, '[pgbouncer]', ...lines, ''].join('\n'));
  await runAsPostgres(binary ?? '', ['-q', '-d', inFolder('ini')]);
  return {
    url: `postgres://app@127.0.0.1:${port}/app`,
    async stop() {
      process.kill(Number(await readFile(inFolder('pid'), 'utf8')), 'SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
