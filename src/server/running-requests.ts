import { ServiceUnavailableError } from '../errors.ts';

/** The most requests that are answered at a time. */
const maximum = 1000;

export interface RunningRequests {
  start(): void;
  end(): void;
  /** Throws SERVICE_UNAVAILABLE when too many run: another would only wait longer, and hold memory meanwhile. */
  check(): void;
}

/** Counts the requests that are being answered. */
export function createRunningRequests(): RunningRequests {
  let count = 0;
  return {
    start: () => void (count += 1),
    end: () => void (count -= 1),
    check() {
      if (count > maximum) throw new ServiceUnavailableError('The server');
    },
  };
}
