import { statfsSync } from 'node:fs';
import { StartupError } from '../../errors.ts';
import type { Logger } from '../../observability/log.ts';

/**
 * With less space, in bytes, nothing is written. PostgreSQL panics when it cannot make a file of its write-ahead log
 * (16 MB each), and PGlite then hangs. Statements may have passed the check already: at most a batch of 500 sessions (4
 * MB, and 12 MB of log) and 1,000 requests (16 kB, and 64 kB of log, each).
 */
const reserve = 128_000_000;

/** How much more there must be, in bytes, before anything is written again. */
const margin = 16_000_000;

/** How long the last look at the disk counts, in milliseconds. */
const maximumAge = 100;

/** @throws StartupError when the disk under `directory` is nearly full */
export function requireSpace(directory: string): void {
  const free = freeSpace(directory);
  if (free < reserve) throw new StartupError(`${describe(directory, free)}. Free some space, then start again.`);
}

/**
 * Makes a check to run before each statement.
 * @param setReadOnly called when the database must become read-only, and when it may be written to again
 */
export function createSpaceCheck(
  directory: string,
  setReadOnly: (isReadOnly: boolean) => Promise<unknown>,
  log: Logger,
): () => Promise<void> | undefined {
  let lastLook = -Infinity;
  let isLow = false;
  let change: Promise<void> | undefined;

  async function look(): Promise<void> {
    const free = freeSpace(directory);
    // Without a margin, each small change of the space would be one of the mode.
    const mustBeLow = free < reserve + (isLow ? margin : 0);
    if (mustBeLow === isLow) return;
    await setReadOnly(mustBeLow);
    isLow = mustBeLow;
    if (isLow) log.error(`${describe(directory, free)}. Nothing can be saved until there is more.`);
    else log.info('there is enough space on the disk again');
  }

  return () => {
    if (change || performance.now() - lastLook < maximumAge) return change;
    lastLook = performance.now();
    change = look().finally(() => (change = undefined));
    return change;
  };
}

function freeSpace(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

function describe(directory: string, free: number): string {
  const [has, needed] = [free, reserve].map((bytes) => Math.floor(bytes / 1_000_000));
  return `The disk of DATA_DIR ${directory} has ${has} MB of free space, and ${needed} MB are needed`;
}
