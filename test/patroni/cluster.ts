import type { Stats } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { vi } from 'vitest';
import { binaries, connectTo, makeDatabase, makeFolder, type PostgresServer } from '../support/postgres-server.ts';
import { findFreePort } from '../support/server-process.ts';
import { checkPackages, packages, startProgram, statusOf, type Program } from './programs.ts';

const patience = { timeout: 90_000, interval: 200 };

/** Newer versions of Patroni refuse shorter times. */
const clusterSettings = {
  ttl: 20,
  loop_wait: 1,
  retry_timeout: 3,
  synchronous_mode: true,
  postgresql: { use_pg_rewind: true, parameters: { fsync: 'off' } },
};

/** Three PostgreSQL servers, of which Patroni lets one lead. The leader waits for one of the others at every commit. */
export interface PatroniCluster extends Pick<PostgresServer, 'query'> {
  /** Starts it with a migrated database, whose URL it answers. */
  start: () => Promise<string>;
  /** Waits until all servers replicate the leader. */
  settle: () => Promise<void>;
  /** Has another server lead, while all are well. */
  switchOver: () => Promise<void>;
  /** Kills the leader with its Patroni, and waits until another server leads. */
  killLeader: () => Promise<void>;
  /** Ends all of its processes, and removes its files. */
  remove: () => Promise<void>;
}

interface Member {
  name: string;
  port: number;
  /** The URL of its Patroni. */
  api: string;
  dataFolder: string;
  patroni: Program;
}

export function createCluster(): PatroniCluster {
  let folder = '';
  let etcd: Program | undefined;
  const members = new Set<Member>();

  async function startEtcd(owner: Stats): Promise<string> {
    const url = `http://127.0.0.1:${await findFreePort()}`;
    const peerUrl = `http://127.0.0.1:${await findFreePort()}`;
    const parameters = {
      name: 'etcd',
      'data-dir': path.join(folder, 'etcd'),
      'listen-client-urls': url,
      'advertise-client-urls': url,
      'listen-peer-urls': peerUrl,
      'initial-advertise-peer-urls': peerUrl,
      'initial-cluster': `etcd=${peerUrl}`,
    };
    etcd = startProgram(
      packages['etcd-server'],
      Object.entries(parameters).map(([name, value]) => `--${name}=${value}`),
      owner,
    );
    await vi.waitFor(async () => {
      if ((await statusOf(`${url}/health`)) !== 200) throw new Error('etcd is not ready');
    }, patience);
    return url;
  }

  async function startMember(name: string, etcdUrl: string, owner: Stats): Promise<void> {
    const [port, apiPort] = [await findFreePort(), await findFreePort()];
    const dataFolder = path.join(folder, name);
    const file = path.join(folder, `${name}.yml`);
    const [address, apiAddress] = [`127.0.0.1:${port}`, `127.0.0.1:${apiPort}`];
    const settings = {
      scope: 'test',
      name,
      etcd3: { host: new URL(etcdUrl).host },
      restapi: { listen: apiAddress, connect_address: apiAddress },
      bootstrap: { dcs: clusterSettings, initdb: [{ auth: 'trust' }, { encoding: 'UTF8' }, 'no-sync'] },
      postgresql: {
        listen: address,
        connect_address: address,
        bin_dir: binaries,
        data_dir: dataFolder,
        pgpass: path.join(folder, `${name}.pgpass`),
        authentication: { superuser: { username: 'postgres' }, replication: { username: 'postgres' } },
        parameters: { unix_socket_directories: folder },
      },
    };
    // JSON is YAML, too.
    await writeFile(file, JSON.stringify(settings));
    const patroni = startProgram(packages.patroni, [file], owner);
    members.add({ name, port, api: `http://${apiAddress}`, dataFolder, patroni });
  }

  async function findLeader(): Promise<Member> {
    for (const member of members) if ((await statusOf(`${member.api}/primary`)) === 200) return member;
    throw new Error('the cluster has no leader');
  }

  async function waitForOtherThan({ name }: Member): Promise<void> {
    await vi.waitFor(async () => {
      if ((await findLeader()).name === name) throw new Error(`${name} still leads`);
    }, patience);
  }

  async function settle(): Promise<void> {
    await vi.waitFor(async () => {
      const leader = await findLeader();
      const response = await fetch(`${leader.api}/cluster`);
      const cluster: { members: { role: string; state: string }[] } = await response.json();
      const running = cluster.members.filter(({ state }) => state === 'running' || state === 'streaming');
      const roles = running.map(({ role }) => role).toSorted();
      if (roles.join() !== 'leader,replica,sync_standby') throw new Error(`the members that run are ${roles.join()}`);
    }, patience);
  }

  async function kill(member: Member): Promise<void> {
    members.delete(member);
    await member.patroni.kill();
    const file = await readFile(path.join(member.dataFolder, 'postmaster.pid'), 'utf8');
    process.kill(Number.parseInt(file, 10), 'SIGKILL');
  }

  return {
    async start() {
      checkPackages();
      folder = await makeFolder();
      const owner = await stat(folder);
      const etcdUrl = await startEtcd(owner);
      for (const name of ['one', 'two', 'three']) await startMember(name, etcdUrl, owner);
      await settle();
      const leader = await findLeader();
      await makeDatabase(leader.port);
      return `postgres://app@${[...members].map(({ port }) => `127.0.0.1:${port}`).join()}/app`;
    },
    settle,
    query: async (statements) => connectTo((await findLeader()).port).query(statements),
    async switchOver() {
      const leader = await findLeader();
      const body = JSON.stringify({ leader: leader.name });
      const response = await fetch(`${leader.api}/switchover`, { method: 'POST', body });
      if (!response.ok) throw new Error(`Patroni does not switch over: ${await response.text()}`);
      await waitForOtherThan(leader);
    },
    async killLeader() {
      const leader = await findLeader();
      await kill(leader);
      await waitForOtherThan(leader);
    },
    async remove() {
      // Where a start has failed, there may be no PostgreSQL to kill.
      await Promise.allSettled([...members].map(kill));
      await etcd?.kill();
      // The processes of PostgreSQL end soon after their parent, and may write until then.
      if (folder) await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}
