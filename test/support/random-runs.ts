import { randomInt } from 'node:crypto';
import { inject } from 'vitest';

const isLong = inject('isLong');
const { FUZZ_SEED } = process.env;

/**
 * How fast-check chooses the input of a property. A short run always tries the same, so that it depends on no luck; a long
 * one tries more, and other input each time. FUZZ_SEED repeats one.
 */
export function randomRuns(short = 25, long = 1000): { seed: number; numRuns: number } {
  const seed = FUZZ_SEED === undefined ? (isLong ? randomInt(1_000_000) : 20_261_127) : Number(FUZZ_SEED);
  return { seed, numRuns: isLong ? long : short };
}
