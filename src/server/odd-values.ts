import type { Config } from '../config.ts';
import type { Logger } from '../observability/log.ts';

const oddities: [RegExp, string][] = [
  [/^(["']).*\1$/s, 'quotes around its value'],
  [/\p{Cc}/u, 'a control character in its value, such as a line break'],
  [/^ | $/, 'a blank at an end of its value'],
];

/** Warns of variables that were probably not meant as they are: docker, for one, reads an env file literally. */
export function warnOfOddValues(config: Config, log: Logger): void {
  for (const [name, value] of Object.entries(config)) {
    const found = oddities.filter(([pattern]) => typeof value === 'string' && pattern.test(value));
    for (const [, what] of found) log.warn(`${name} has ${what}, which counts as part of it`);
  }
}
