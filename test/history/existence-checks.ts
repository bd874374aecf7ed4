import type { Operation } from './operation.ts';
import type { SessionHistory } from './session-index.ts';
import type { Violation } from './violation.ts';

/** Checks that a session is there from its first answer until a deletion, not before, and never again. */
export function* checkExistence(history: SessionHistory): Generator<Violation> {
  const { id, keys, seen, missed, deletions, existsBy } = history;
  const mayBeDeleted = (operation: Operation) =>
    deletions.some((deletion) => deletion !== operation && deletion.invoked < operation.completed);
  const first = seen.find(({ operation }) => operation.completed === existsBy)?.operation;
  const evidenceWith = (...operations: (Operation | undefined)[]) =>
    [first, ...deletions, ...operations].filter((operation) => operation !== undefined);

  if (keys.length > 1) {
    const evidence = keys.flatMap(({ sessions }) => sessions.get(id) ?? []);
    yield { kind: 'doubled', text: `the session ${id} belongs to ${keys.length} keys`, evidence };
  }
  for (const operation of missed) {
    if (mayBeDeleted(operation) || existsBy >= operation.invoked) continue;
    yield {
      kind: 'lost',
      text: `the session ${id} is missing, and nobody deleted it`,
      evidence: evidenceWith(operation),
    };
  }

  const acknowledged = deletions.filter(({ outcome }) => outcome.kind === 'ok');
  if (acknowledged.length > 1) {
    yield { kind: 'contradiction', text: `the session ${id} is deleted twice`, evidence: acknowledged };
  }
  const proofs = [
    ...acknowledged,
    ...missed.filter((operation) => existsBy < operation.invoked && mayBeDeleted(operation)),
  ];
  const proof = earliest(proofs);
  for (const { operation } of seen) {
    if (proof && proof.completed < operation.invoked) {
      const text = `the session ${id} is there after it was deleted`;
      yield { kind: 'contradiction', text, evidence: evidenceWith(proof, operation) };
    }
  }
}

function earliest(operations: Operation[]): Operation | undefined {
  let found: Operation | undefined;
  for (const operation of operations) if (!found || operation.completed < found.completed) found = operation;
  return found;
}
