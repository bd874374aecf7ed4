import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** Whether the system tells how much memory a process has. */
export const canMeasureMemory = existsSync('/proc/self/clear_refs');

/** How much memory a process has now, and the most that it had since `forgetPeak`, in MB. */
export function readMemory(pid: number | undefined) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1000;
  return { now: megabytes('VmRSS'), peak: megabytes('VmHWM') };
}

/** From now on only what comes is a peak: making an embedded database takes much. */
export function forgetPeak(pid: number | undefined): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}
