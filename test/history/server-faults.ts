import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './fault.ts';
import { whenReady } from './system.ts';

/** Faults of one of the servers. */
export const serverFaults: Fault[] = [
  {
    name: '`kill -9` of a server',
    layer: 'server',
    weight: 3,
    plan({ servers }, random) {
      const server = random.pick(servers);
      const milliseconds = random.between(0, 800);
      return {
        detail: `${server.name}, away for ${Math.round(milliseconds)} ms`,
        killed: server.name,
        async run() {
          server.signal('SIGKILL');
          await server.ended();
          await sleep(milliseconds);
          await server.start();
        },
      };
    },
  },
  {
    name: 'restart of a server by SIGTERM',
    layer: 'server',
    weight: 2,
    plan({ servers }, random) {
      const server = random.pick(servers);
      return {
        detail: server.name,
        async run() {
          server.signal('SIGTERM');
          await server.ended();
          await server.start();
        },
      };
    },
  },
  {
    name: 'stall of a server (SIGSTOP)',
    layer: 'server',
    weight: 3,
    plan({ servers }, random) {
      const server = random.pick(servers);
      const milliseconds = random.between(300, 2500);
      return {
        detail: `${server.name}, for ${Math.round(milliseconds)} ms`,
        async run() {
          server.signal('SIGSTOP');
          try {
            await sleep(milliseconds);
          } finally {
            server.signal('SIGCONT');
          }
          await whenReady(server);
        },
      };
    },
  },
];
