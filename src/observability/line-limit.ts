/**
 * Makes a limit on the lines of a log that strangers can cause: a flood must neither fill the log nor hide other lines.
 * @param keys how many keys have lines in a minute
 * @param linesOfKey how many lines each has
 * @returns a function that counts a line, and tells whether to write it
 */
export function createLineLimit(keys: number, linesOfKey: number): (key: string) => boolean {
  const counts = new Map<string, number>();
  let minute = 0;
  return (key) => {
    const now = Date.now();
    if (now - minute >= 60_000) {
      counts.clear();
      minute = now;
    }
    const count = counts.get(key) ?? 0;
    if (count === linesOfKey || (count === 0 && counts.size === keys)) return false;
    counts.set(key, count + 1);
    return true;
  };
}
