import { write } from 'node:fs';
import { workerData } from 'node:worker_threads';
import type { WatchdogData } from './watchdog.ts';

const { beats, limit }: WatchdogData = workerData;
const message =
  'The server no longer reacts, perhaps since its disk is full: it ends itself. Free some space, then start.\n';

let lastBeat = 0;
let usedAtBeat = usedMs();

setInterval(() => {
  const beat = Atomics.load(beats, 0);
  if (beat !== lastBeat) {
    lastBeat = beat;
    usedAtBeat = usedMs();
  } else if (usedMs() - usedAtBeat > Atomics.load(limit, 0)) {
    // Whoever reads stderr may hang too.
    setTimeout(kill, 500);
    write(2, message, kill);
  }
}, 250);

const kill = () => process.kill(process.pid, 'SIGKILL');

/** How long the threads of this process have computed, in milliseconds. */
function usedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
