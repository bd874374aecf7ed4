import { errorCode } from '../errors.ts';
import type { ServiceUnavailableError } from '../errors.ts';
import type { Logger } from './log.ts';

const intervalMs = 10_000;

/** Logs an outage with its cause when it begins, then a count every 10 seconds until it is over. */
export function createOutageLog(log: Logger): (error: ServiceUnavailableError) => void {
  const counts = new Map<string, number>();
  return (error) => {
    const outage = `${error.message} ${errorCode(error)}`.trim();
    const known = counts.get(outage);
    counts.set(outage, known === undefined ? 0 : known + 1);
    if (known !== undefined) return;
    log.warn({ err: error }, 'service unavailable');
    let total = 1;
    const timer = setInterval(() => {
      const count = counts.get(outage) ?? 0;
      total += count;
      if (count > 0) {
        counts.set(outage, 0);
        return log.warn({ outage, count, total }, 'service still unavailable');
      }
      clearInterval(timer);
      counts.delete(outage);
      log.warn({ outage, total }, 'service available again: no failures for 10 seconds');
    }, intervalMs).unref();
  };
}
