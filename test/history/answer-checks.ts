import type { Action, Operation, Request, Session } from './operation.ts';
import type { Violation } from './violation.ts';

/** The errors that a right server may answer. */
const expectedCodes: Record<Action, string[]> = {
  create: ['IDEMPOTENCY_KEY_REUSED'],
  read: [],
  list: [],
  newest: [],
  patch: ['NOT_FOUND'],
  delete: ['NOT_FOUND'],
};

/** Checks each answer by itself: its error, and whether it is about what was asked for. */
export function* checkAnswers(operations: Operation[]): Generator<Violation> {
  const accountNames = new Map<string, string>();
  for (const operation of operations) {
    const { request, outcome } = operation;
    const report = (text: string): Violation => ({ kind: 'contradiction', text, evidence: [operation] });
    if (outcome.kind === 'error') {
      const isMissing = request.action === 'read' && request.by === 'REST' && outcome.code === 'NOT_FOUND';
      const isExpected = isMissing || expectedCodes[request.action].includes(outcome.code);
      if (!isExpected) yield report(`"${request.action}" was refused with ${outcome.code}`);
      if (outcome.hasData) yield report('an answer has both an error and data');
    }
    if (outcome.kind !== 'ok') continue;
    const fault = findFault(request, outcome.sessions, outcome.deletedId);
    if (fault) yield report(fault);
    for (const { accountId, accountName } of outcome.sessions) {
      const known = accountId === null ? null : (accountNames.get(accountId) ?? accountName);
      if (known !== accountName) yield report('an account has another name than before');
      if (accountId !== null && accountName) accountNames.set(accountId, accountName);
    }
  }
}

function findFault(request: Request, sessions: Session[], deletedId?: string): string | undefined {
  const ids = sessions.map(({ id }) => id);
  switch (request.action) {
    case 'create':
      return ids.length === 1 ? undefined : 'a creation is answered without a session';
    case 'read':
      return ids.every((id) => id === request.id) ? undefined : 'another session is read than the one asked for';
    case 'list':
      if (ids.some((id) => !request.ids.includes(id))) return 'a list has a session that its filter excludes';
      return new Set(ids).size < ids.length ? 'a list has a session twice' : undefined;
    case 'newest':
      if (ids.length > request.count) return 'a page is longer than asked for';
      return ids.some((id, index) => id >= (ids[index - 1] ?? 'z')) ? 'a page is out of order' : undefined;
    case 'patch':
      if (ids[0] !== request.id || ids.length !== 1) return 'another session is changed than the one asked for';
      return sessions[0]?.purpose === request.purpose ? undefined : 'a change is answered with another purpose';
    default:
      return deletedId === request.id ? undefined : 'another session is deleted than the one asked for';
  }
}
