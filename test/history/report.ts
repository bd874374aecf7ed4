import { checkHistory } from './checker.ts';
import type { Action, Operation } from './operation.ts';
import type { RecordedHistory } from './read-history.ts';
import { describeViolation, type Violation } from './violation.ts';

export interface Report {
  text: string;
  violations: number;
}

/** How many violations are shown. The rest is counted. */
const mostShown = 20;

/** Checks a history, and tells in words and a table what was done and what is wrong. */
export function reportOn(history: RecordedHistory): Report {
  const shown: Violation[] = [];
  const counts = { lost: 0, doubled: 0, contradiction: 0 };
  for (const violation of checkHistory(history)) {
    counts[violation.kind] += 1;
    if (shown.length < mostShown) shown.push(violation);
  }
  const rows = [...countOperations(history), ...countFaults(history), ...Object.entries(counts)];
  const violations = counts.lost + counts.doubled + counts.contradiction;
  const table = rows.map(([name, count]) => `| ${name} | ${count.toLocaleString('en')} |`);
  const parts = [
    ...shown.map(describeViolation),
    ...(violations > shown.length ? [`and ${violations - shown.length} more`] : []),
    ...(history.audit ? [] : ['This history has no audit lines: they were not checked.']),
    ...(history.content ? [] : ['This history was broken off: it lacks what the database held at its end.']),
    ['| what | count |', '| --- | --- |', ...table].join('\n'),
  ];
  return { text: `${parts.join('\n\n')}\n`, violations };
}

function countOperations({ operations, content, audit }: RecordedHistory): [string, number][] {
  const keys = new Set<string>();
  const count = (matches: (operation: Operation) => boolean) => operations.filter(matches).length;
  const countOk = (action: Action) =>
    count(({ request, outcome }) => request.action === action && outcome.kind === 'ok');
  for (const { request, outcome, user } of operations) {
    if (request.action === 'create' && outcome.kind === 'ok') keys.add(`${user} ${request.key}`);
  }
  return [
    ['requests', operations.length],
    ['acknowledged creations', keys.size],
    ['retries that answered the same session', countOk('create') - keys.size],
    ['keys refused', count(({ request, outcome }) => request.action === 'create' && outcome.kind === 'error')],
    ['reads', countOk('read') + count(({ request, outcome }) => request.action === 'read' && outcome.kind === 'error')],
    ['lists by ids', countOk('list')],
    ['pages of the newest', countOk('newest')],
    ['patches', countOk('patch')],
    ['deletions', countOk('delete')],
    ['requests of unknown outcome', count(({ outcome }) => outcome.kind === 'unknown')],
    ['audit lines', audit?.lines.length ?? 0],
    ['sessions at the end', content?.sessions.length ?? 0],
  ];
}

function countFaults({ faults }: RecordedHistory): [string, number][] {
  const sum = [...faults.values()].reduce((total, count) => total + count, 0);
  return [['faults', sum], ...[...faults].toSorted(([one], [other]) => one.localeCompare(other))];
}
