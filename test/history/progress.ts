import type { Action, Outcome, Request } from './operation.ts';

/** Counts what happens, for the people who watch. */
export interface Progress {
  count: (request: Request, outcome: Outcome) => void;
  countFault: (name: string) => void;
  stop: () => void;
}

const intervalMs = 5000;

/** Shows a line of counts every few seconds. */
export function startProgress(show: (line: string) => void): Progress {
  const start = performance.now();
  const answered = new Map<Action, number>();
  let unknown = 0;
  let faults = 0;
  let latest = 'none yet';
  const timer = setInterval(() => {
    const seconds = Math.round((performance.now() - start) / 1000);
    const actions = [...answered].map(([action, count]) => `${action} ${count.toLocaleString('en')}`).join(', ');
    show(
      `${seconds} s: ${actions}, unknown ${unknown.toLocaleString('en')}; ${faults} faults, the latest: ${latest}\n`,
    );
  }, intervalMs);
  return {
    count({ action }, { kind }) {
      if (kind === 'unknown') unknown += 1;
      else answered.set(action, (answered.get(action) ?? 0) + 1);
    },
    countFault(name) {
      faults += 1;
      latest = name;
    },
    stop: () => clearInterval(timer),
  };
}
