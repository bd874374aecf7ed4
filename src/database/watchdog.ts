import { Worker } from 'node:worker_threads';

/** What a watchdog and its thread share: `beats` is counted up by the main thread, `limit` is in milliseconds. */
export interface WatchdogData {
  beats: Int32Array<SharedArrayBuffer>;
  limit: Int32Array<SharedArrayBuffer>;
}

/**
 * Ends the process when the main thread computes for longer than `limitMs` without looking at any event: PGlite spins for
 * ever after a panic, for example on a full disk. It is the time of the processor that counts, so neither a suspended nor
 * a busy machine, nor a debugger, looks like that.
 * @returns a function that changes the limit
 */
export function startWatchdog(limitMs: number): (limitMs: number) => void {
  const [beats, limit] = [new Int32Array(new SharedArrayBuffer(4)), new Int32Array(new SharedArrayBuffer(4))];
  const setLimit = (milliseconds: number) => void Atomics.store(limit, 0, milliseconds);
  setLimit(limitMs);
  const workerData: WatchdogData = { beats, limit };
  new Worker(new URL('watchdog-thread.ts', import.meta.url), { workerData, execArgv: [] }).unref();
  setInterval(() => Atomics.add(beats, 0, 1), 250).unref();
  return setLimit;
}
