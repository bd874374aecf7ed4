import { setTimeout as sleep } from 'node:timers/promises';
import { retry } from './cluster.ts';
import type { Fault } from './fault.ts';

/** Faults of the primary and of its standby. */
export const databaseFaults: Fault[] = [
  {
    name: '`kill -9` of PostgreSQL',
    layer: 'database',
    weight: 3,
    plan: ({ cluster }) => ({
      detail: 'the primary',
      async run() {
        const primary = cluster.primary();
        await primary.kill();
        await retry(primary.start);
        await cluster.whenReplicated();
      },
    }),
  },
  {
    name: 'immediate stop of PostgreSQL',
    layer: 'database',
    weight: 2,
    plan({ cluster }, random) {
      const milliseconds = random.between(0, 1500);
      return {
        detail: `the primary, away for ${Math.round(milliseconds)} ms`,
        async run() {
          const primary = cluster.primary();
          await primary.stop('immediate');
          await sleep(milliseconds);
          await retry(primary.start);
          await cluster.whenReplicated();
        },
      };
    },
  },
  {
    name: '`kill -9` of a connection of PostgreSQL, which restarts',
    layer: 'database',
    weight: 1,
    plan: ({ cluster }) => ({
      detail: 'the primary',
      async run() {
        const [{ pid } = {}] = await cluster.primary().query(`select pid from pg_stat_activity where usename = 'app'`);
        if (pid) process.kill(Number(pid), 'SIGKILL');
        await sleep(100);
        await cluster.whenReplicated();
      },
    }),
  },
  {
    name: 'all connections ended by the database',
    layer: 'database',
    weight: 2,
    plan: ({ cluster }) => ({
      detail: 'the primary',
      async run() {
        await cluster.primary().query(`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'`);
      },
    }),
  },
  {
    name: 'failover: the primary is killed and its standby promoted',
    layer: 'database',
    weight: 3,
    plan({ cluster }, random) {
      const milliseconds = random.between(0, 1000);
      return {
        detail: `from port ${cluster.primary().port}, after ${Math.round(milliseconds)} ms`,
        async run() {
          await cluster.whenReplicated();
          await cluster.primary().kill();
          await sleep(milliseconds);
          await cluster.failOver();
        },
      };
    },
  },
  {
    name: 'stop of the standby, for which commits wait',
    layer: 'database',
    weight: 1,
    plan({ cluster }, random) {
      const milliseconds = random.between(0, 1000);
      return {
        detail: `away for ${Math.round(milliseconds)} ms`,
        async run() {
          const standby = cluster.standby();
          await standby.stop('immediate');
          await sleep(milliseconds);
          await retry(standby.start);
          await cluster.whenReplicated();
        },
      };
    },
  },
  {
    name: 'stall of the standby, for which commits wait',
    layer: 'database',
    weight: 1,
    plan({ cluster }, random) {
      const milliseconds = random.between(300, 2000);
      return {
        detail: `for ${Math.round(milliseconds)} ms`,
        async run() {
          const receivers = `select pid from pg_stat_activity where backend_type = 'walreceiver'`;
          const [{ pid } = {}] = await cluster.standby().query(receivers);
          if (!pid) return;
          process.kill(Number(pid), 'SIGSTOP');
          try {
            await sleep(milliseconds);
          } finally {
            process.kill(Number(pid), 'SIGCONT');
          }
          await cluster.whenReplicated();
        },
      };
    },
  },
];
