import type { Operation, Session } from './operation.ts';
import type { SessionHistory } from './session-index.ts';
import type { Violation } from './violation.ts';

interface Page {
  operation: Operation;
  sessions: Session[];
  count: number;
}

/** Checks that pages of the newest sessions lack none of those that were there, from the oldest on the page up. */
export function* checkNewest(operations: Operation[], histories: SessionHistory[]): Generator<Violation> {
  const pages = pagesOf(operations).toSorted((one, other) => one.operation.invoked - other.operation.invoked);
  const coming = histories.toSorted((one, other) => one.existsBy - other.existsBy);
  /** Those that existed when the page was asked for, ordered by their ids, which is by age. */
  const existing: SessionHistory[] = [];
  let next = 0;
  for (const { operation, sessions, count } of pages) {
    for (let history = coming[next]; history && history.existsBy < operation.invoked; history = coming[next]) {
      insert(existing, history);
      next += 1;
    }
    const oldest = sessions.length < count ? '' : (sessions.at(-1)?.id ?? '');
    const shown = new Set(sessions.map(({ id }) => id));
    for (let index = existing.length - 1; index >= 0; index -= 1) {
      const history = existing[index];
      if (!history || history.id < oldest) break;
      if (shown.has(history.id) || history.deletions.some(({ invoked }) => invoked < operation.completed)) continue;
      yield { kind: 'lost', text: `a page of the newest lacks the session ${history.id}`, evidence: [operation] };
    }
  }
}

function pagesOf(operations: Operation[]): Page[] {
  const pages: Page[] = [];
  for (const operation of operations) {
    const { request, outcome } = operation;
    if (request.action !== 'newest' || outcome.kind !== 'ok') continue;
    pages.push({ operation, sessions: outcome.sessions, count: request.count });
  }
  return pages;
}

/** Inserts one that is most likely among the last. */
function insert(existing: SessionHistory[], history: SessionHistory): void {
  let place = existing.length;
  while (place > 0 && (existing[place - 1]?.id ?? '') > history.id) place -= 1;
  existing.splice(place, 0, history);
}
