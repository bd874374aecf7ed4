import { Worker } from 'node:worker_threads';

/** How often the main thread says that it is free, in milliseconds. */
const beatMs = 250;

interface Watchdog {
  setLimit(limitMs: number): void;
  stop(): Promise<void>;
}

/**
 * Ends the process when the main thread computes for longer than `limitMs` without looking at any event: PGlite spins
 * for ever after a panic, for example on a full disk. It is the time of the processor that counts, so neither a
 * suspended nor a busy machine, nor a debugger, looks like that.
 */
export function startWatchdog(limitMs: number): Watchdog {
  // What the thread reads: how often the main thread was free, and the limit.
  const shared = new Int32Array(new SharedArrayBuffer(8));
  const beat = () => void Atomics.add(shared, 0, 1);
  const setLimit = (milliseconds: number) => {
    // The caller is alive: what was computed until now must not count against a lower one.
    beat();
    Atomics.store(shared, 1, milliseconds);
  };
  setLimit(limitMs);
  const timer = setInterval(beat, beatMs).unref();
  const thread = new Worker(new URL('watchdog-thread.ts', import.meta.url), { workerData: shared, execArgv: [] });
  thread.unref();
  return {
    setLimit,
    async stop() {
      clearInterval(timer);
      await thread.terminate();
    },
  };
}
