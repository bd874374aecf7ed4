import { setTimeout as sleep } from 'node:timers/promises';
import { databaseFaults } from './database-faults.ts';
import type { Fault } from './fault.ts';
import { networkFaults } from './network-faults.ts';
import type { Progress } from './progress.ts';
import type { Recorder } from './recorder.ts';
import type { Random } from './seeded-random.ts';
import { serverFaults } from './server-faults.ts';
import { slownessFaults } from './slowness-faults.ts';
import type { System } from './system.ts';

interface NemesisOptions {
  system: System;
  recorder: Recorder;
  progress: Progress;
  random: Random;
  /** Matches the names of the faults to choose from. */
  only: RegExp;
  /** Aborted when no more faults are to begin. */
  isOver: AbortSignal;
}

const faults = [...serverFaults, ...networkFaults, ...databaseFaults, ...slownessFaults];

/** How often a second fault happens beside the first, in another layer. */
const overlap = 0.15;

/** Does one fault after another, sometimes two at once, and undoes each. Ends when it is over and all are undone. */
export async function runNemesis({ system, recorder, progress, random, only, isOver }: NemesisOptions): Promise<void> {
  const chosen = faults.filter(({ name }) => only.test(name));

  async function happen(fault: Fault): Promise<void> {
    const { detail, killed, run } = fault.plan(system, random);
    progress.countFault(fault.name);
    const end = recorder.beginFault(fault.name, detail, killed);
    await run();
    end();
  }

  while (!isOver.aborted) {
    const first = pick(chosen, random);
    const others = chosen.filter(({ layer }) => layer !== first.layer);
    const coming = others.length > 0 && random.chance(overlap) ? [first, pick(others, random)] : [first];
    const ends = await Promise.allSettled(coming.map(happen));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    await sleep(random.between(300, 1300));
  }
}

function pick(from: Fault[], random: Random): Fault {
  const [first, ...others] = from.flatMap((fault) => Array.from({ length: fault.weight }, () => fault));
  if (!first) throw new Error('no fault has such a name');
  return random.pick([first, ...others]);
}
