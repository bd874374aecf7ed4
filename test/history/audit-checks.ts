import type { AuditLine, History, Operation } from './operation.ts';
import type { SessionHistory } from './session-index.ts';
import type { Violation } from './violation.ts';

/** How long a server may take to write its log, in milliseconds: a kill loses what waits. */
const unwrittenMs = 1000;

/** Checks that each write has exactly one line in the logs, unless a server was killed that may have done it. */
export function* checkAudit({ operations, audit }: History, sessions: SessionHistory[]): Generator<Violation> {
  if (!audit) return;
  const { lines, kills } = audit;
  const ofRequests = Map.groupBy(lines, ({ request }) => request);
  const ofCreations = Map.groupBy(
    lines.filter(({ action }) => action === 'create'),
    ({ sessionId }) => sessionId,
  );
  const wasKilled = ({ server, invoked, completed }: Operation) =>
    kills.some((kill) => kill.server === server && invoked < kill.at && kill.at < completed + unwrittenMs);
  for (const operation of operations) {
    const fault = findFault(operation, ofRequests.get(operation.number) ?? []);
    if (fault && !(fault === missing && wasKilled(operation))) yield contradiction(fault, [operation]);
  }
  for (const { id, seen, keys } of sessions) {
    const count = ofCreations.get(id)?.length ?? 0;
    const creations = keys.flatMap((key) => key.creations.map(({ operation }) => operation));
    if (seen.length === 0 || count === 1 || (count === 0 && creations.some(wasKilled))) continue;
    yield contradiction(`${count} audit lines tell of the creation of the session ${id}`, creations);
  }
}

const missing = 'a write has no audit line';

function findFault({ request, outcome }: Operation, lines: AuditLine[]): string | undefined {
  const [line] = lines;
  if (lines.length > 1) return 'a request has more than one audit line';
  if (!line) return outcome.kind === 'ok' && ['patch', 'delete'].includes(request.action) ? missing : undefined;
  if (line.action !== request.action) return 'an audit line tells of another write than the one asked for';
  if (outcome.kind === 'unknown') return undefined;
  if (line.isKnown !== (outcome.kind === 'ok')) return 'an audit line has another outcome than the response';
  const ids = request.action === 'create' && outcome.kind === 'ok' ? outcome.sessions.map(({ id }) => id) : [];
  const id = 'id' in request ? request.id : ids[0];
  return id === undefined || id === line.sessionId ? undefined : 'an audit line is about another session';
}

function contradiction(text: string, evidence: Operation[]): Violation {
  return { kind: 'contradiction', text, evidence };
}
