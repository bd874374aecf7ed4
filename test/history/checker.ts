import { checkAnswers } from './answer-checks.ts';
import { checkAudit } from './audit-checks.ts';
import { checkExistence } from './existence-checks.ts';
import { checkKey } from './key-checks.ts';
import { indexKeys } from './key-index.ts';
import { checkNewest } from './newest-checks.ts';
import type { History } from './operation.ts';
import { checkRegister } from './register-checks.ts';
import { indexSessions } from './session-index.ts';
import type { Violation } from './violation.ts';

/** Finds what contradicts one another in a history. It needs no clock, no server and no database. */
export function* checkHistory(history: History): Generator<Violation> {
  const keys = indexKeys(history);
  const sessions = indexSessions(history, keys);
  yield* checkAnswers(history.operations);
  for (const key of keys) yield* checkKey(key);
  for (const session of sessions) {
    yield* checkExistence(session);
    // Without the database at the end, nobody knows which key an unacknowledged session has.
    if (history.content || session.keys.length > 0) yield* checkRegister(session);
  }
  yield* checkNewest(history.operations, sessions);
  yield* checkAudit(history, sessions);
}
