import type { Random } from './seeded-random.ts';
import type { System } from './system.ts';

/** What a fault does this time. */
export interface Plan {
  /** What it hits, and for how long. */
  detail: string;
  /** The server that it kills, if it does. */
  killed?: string;
  /** Does it, and undoes it. */
  run: () => Promise<void>;
}

/** Something that goes wrong, and right again. */
export interface Fault {
  name: string;
  /** Faults of different layers may happen at the same time. */
  layer: 'server' | 'network' | 'database';
  /** How often it happens beside others. */
  weight: number;
  plan: (system: System, random: Random) => Plan;
}
