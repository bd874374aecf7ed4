import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { spawnScript } from '../support/server-process.ts';
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { retry, startCluster, type Cluster } from './cluster.ts';
import { findLastingPorts } from './lasting-port.ts';

/** A server of AI sessions that may be stopped and started again, at the same address. */
export interface Server {
  name: string;
  url: string;
  /** Where all its processes write. */
  logFile: string;
  /** The network between it and each of the databases. */
  networks: readonly TcpProxy[];
  signal: (signal: NodeJS.Signals) => void;
  /** Waits for the end of the process. */
  ended: () => Promise<unknown>;
  start: () => Promise<void>;
}

/** Two servers on a primary with a standby, all on this machine. */
export interface System {
  cluster: Cluster;
  servers: readonly [Server, Server];
  /** Ends the servers, so that whoever waits for one fails. */
  kill: () => Promise<void>;
  close: () => Promise<void>;
}

export interface SystemOptions {
  /** The data folder of a migrated database. */
  template: string;
  /** Where the servers' logs go. */
  folder: string;
  secret: string;
}

/** How long a server waits for the database: not long, so that stalls outlast it. */
const databaseTimeoutMs = 1000;

export async function startSystem({ template, folder, secret }: SystemOptions): Promise<System> {
  const [first = 0, second = 0, ...serverPorts] = await findLastingPorts(4);
  const cluster = await startCluster(template, [first, second]);
  const proxies: TcpProxy[] = [];
  const processes = new Set<ChildProcess>();
  let isClosed = false;

  async function kill(): Promise<void> {
    const ends = [...processes].map((server) => once(server, 'exit'));
    for (const server of processes) server.kill('SIGKILL');
    await Promise.all(ends);
  }

  async function close(): Promise<void> {
    isClosed = true;
    await kill();
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await cluster.close();
  }

  async function openServer(name: string, port = 0): Promise<Server> {
    const networks = await Promise.all(cluster.ports.map((databasePort) => startProxy(databasePort)));
    proxies.push(...networks);
    const environment = {
      PORT: String(port),
      DATABASE_URL: `postgres://app@${networks.map((proxy) => `127.0.0.1:${proxy.port}`).join()}/app`,
      DATABASE_TIMEOUT_MS: String(databaseTimeoutMs),
      AUTH_SECRET: secret,
      SHUTDOWN_DELAY_MS: '200',
    };
    const url = `http://127.0.0.1:${port}`;
    const logFile = path.join(folder, `${name.replace(' ', '-')}.log`);
    let running: ChildProcess | undefined;
    let ended: Promise<unknown> | undefined;
    return {
      name,
      url,
      logFile,
      networks,
      signal: (signal) => running?.kill(signal),
      ended: async () => ended,
      async start() {
        if (isClosed) throw new Error('the run is over');
        const log = openSync(logFile, 'a');
        const server = spawnScript('src/main.ts', [], environment, ['ignore', log, log]);
        closeSync(log);
        processes.add(server);
        ended = once(server, 'exit').then(() => processes.delete(server));
        running = server;
        await retry(async () => {
          if (!processes.has(server)) throw new Error(`${name} ended: see its log`);
          const { ok } = await fetch(`${url}/ready`);
          if (!ok) throw new Error(`${name} is not ready`);
        });
      },
    };
  }

  try {
    const servers = await Promise.all([openServer('server 1', serverPorts[0]), openServer('server 2', serverPorts[1])]);
    await Promise.all(servers.map((server) => server.start()));
    return { cluster, servers, kill, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Waits until a server can serve. */
export async function whenReady({ url }: Server): Promise<void> {
  await retry(async () => {
    const { status } = await fetch(`${url}/ready`);
    if (status !== 200) throw new Error('the server is not ready');
  });
}
