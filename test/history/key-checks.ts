import { isSamePayload, type KeyHistory } from './key-index.ts';
import type { Violation } from './violation.ts';

/** Checks that a key stands for one session, and for one payload. */
export function* checkKey({ user, key, creations, winner, sessions }: KeyHistory): Generator<Violation> {
  const name = `the key "${key}" of ${user}`;
  if (sessions.size > 1) {
    const evidence = [...sessions.values()].filter((operation) => operation !== undefined);
    yield { kind: 'doubled', text: `${name} has the sessions ${[...sessions.keys()].join(' and ')}`, evidence };
  }
  if (!winner) {
    yield { kind: 'contradiction', text: `nobody sent ${name}, which the database has`, evidence: [] };
    return;
  }
  for (const creation of creations) {
    const { operation } = creation;
    const evidence = [winner.operation, operation];
    const isSame = isSamePayload(creation, winner);
    if (operation.outcome.kind === 'ok' && !isSame) {
      yield { kind: 'contradiction', text: `${name} is accepted for two payloads`, evidence };
    }
    const isRefused = operation.outcome.kind === 'error' && operation.outcome.code === 'IDEMPOTENCY_KEY_REUSED';
    const isExplained = isSame ? sessions.size > 0 : winner.operation.invoked < operation.completed;
    if (isRefused && !isExplained) {
      yield { kind: 'contradiction', text: `${name} is refused though it created nothing`, evidence };
    }
  }
}
