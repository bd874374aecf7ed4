import { write } from 'node:fs';
import { workerData } from 'node:worker_threads';

const shared: Int32Array = workerData;
const message =
  'The server no longer reacts, possibly because its disk is full. It ends itself: free some space, then start it.\n';
/** How often to look at the beat, and how long the message may take, in milliseconds. */
const [lookMs, writingLimit] = [250, 500];
const kill = () => process.kill(process.pid, 'SIGKILL');

let lastBeat = 0;
let usedAtBeat = 0;

setInterval(() => {
  const { user, system } = process.cpuUsage();
  const usedMs = (user + system) / 1000;
  const beat = Atomics.load(shared, 0);
  if (beat !== lastBeat) usedAtBeat = usedMs;
  lastBeat = beat;
  if (usedMs - usedAtBeat < Atomics.load(shared, 1)) return;
  // The reader of stderr may hang too.
  setTimeout(kill, writingLimit);
  write(2, message, kill);
}, lookMs);
