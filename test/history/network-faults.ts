import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './fault.ts';
import type { Random } from './seeded-random.ts';
import type { Server, System } from './system.ts';

/** Faults of the network between the database and one server or both. */
export const networkFaults: Fault[] = [
  {
    name: 'stall of the network',
    layer: 'network',
    weight: 3,
    plan(system, random) {
      const hit = pickServers(system, random);
      const milliseconds = random.between(300, 2500);
      return {
        detail: `${namesOf(hit)}, for ${Math.round(milliseconds)} ms`,
        async run() {
          for (const network of networksOf(hit)) network.stall();
          await sleep(milliseconds);
          for (const network of networksOf(hit)) {
            await network.forward();
            // A network that is back tells PostgreSQL of connections that were given up. They may hold locks.
            network.cut();
          }
        },
      };
    },
  },
  {
    name: 'answers of the database lost',
    layer: 'network',
    weight: 2,
    plan(system, random) {
      const hit = pickServers(system, random);
      const milliseconds = random.between(300, 1500);
      return {
        detail: `${namesOf(hit)}, for ${Math.round(milliseconds)} ms`,
        async run() {
          for (const network of networksOf(hit)) network.dropAnswers();
          await sleep(milliseconds);
          for (const network of networksOf(hit)) network.cut();
        },
      };
    },
  },
  {
    name: 'connections to the database reset',
    layer: 'network',
    weight: 1,
    plan(system, random) {
      const hit = pickServers(system, random);
      return {
        detail: namesOf(hit),
        async run() {
          for (const network of networksOf(hit)) network.cut();
        },
      };
    },
  },
];

const networksOf = (servers: readonly Server[]) => servers.flatMap(({ networks }) => networks);

const namesOf = (servers: readonly Server[]) => servers.map(({ name }) => name).join(' and ');

const pickServers = ({ servers }: System, random: Random): readonly Server[] =>
  random.chance(0.4) ? servers : [random.pick(servers)];
