import { setTimeout as sleep } from 'node:timers/promises';
import { startPostgres, type PostgresServer } from '../support/postgres-server.ts';

/** A primary and its standby, for which each commit waits. */
export interface Cluster {
  /** Where the two listen. They change places at each failover. */
  ports: readonly number[];
  primary: () => PostgresServer;
  standby: () => PostgresServer;
  /** Waits until the standby has all that was committed so far, and each commit waits for it. */
  whenReplicated: () => Promise<void>;
  /** Makes the standby the primary in place of a primary that is gone, and builds a new standby. */
  failOver: () => Promise<void>;
  close: () => Promise<void>;
}

const patienceMs = 60_000;

/** Tries until something succeeds. */
export async function retry<Result>(attempt: () => Promise<Result>): Promise<Result> {
  const giveUp = performance.now() + patienceMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > giveUp) throw error;
    }
    await sleep(50);
  }
}

/**
 * Starts a primary and a standby.
 * @param template the data folder to copy
 */
export async function startCluster(template: string, ports: readonly [number, number]): Promise<Cluster> {
  let primary = await startPostgres(template, ports[0]);
  let standby = await primary.startStandby(ports[1]);

  async function whenReplicated(): Promise<void> {
    const [{ lsn } = {}] = await retry(() => primary.query('select pg_current_wal_flush_lsn()::text as lsn'));
    const condition = `sync_state = 'sync' and state = 'streaming' and flush_lsn >= '${String(lsn)}'`;
    await retry(async () => {
      const found = await primary.query(`select from pg_stat_replication where ${condition}`);
      if (found.length === 0) throw new Error('the standby does not follow');
    });
  }

  await whenReplicated();
  return {
    ports,
    primary: () => primary,
    standby: () => standby,
    whenReplicated,
    async failOver() {
      await standby.promote();
      const gone = primary;
      primary = standby;
      await gone.remove();
      standby = await primary.startStandby(gone.port);
      await whenReplicated();
    },
    close: async () => void (await Promise.all([primary, standby].map((server) => server.remove()))),
  };
}
