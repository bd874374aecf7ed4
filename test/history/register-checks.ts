import type { Creation } from './key-index.ts';
import type { Operation, Session } from './operation.ts';
import type { SessionHistory, Sight } from './session-index.ts';
import type { Violation } from './violation.ts';

/** A purpose that a client wrote. */
interface Write {
  purpose: string;
  user: string;
  operation: Operation;
  invoked: number;
  /** When it had happened for the last time. Infinity where nobody knows, since it may still happen. */
  settled: number;
  /** When the first answer that proves it was there. */
  provenBy: number;
  isCreation: boolean;
}

const fixed = ['dateCreated', 'createdBy', 'accountId'] as const;

/**
 * Checks what the answers say of a session: it is what was written, no purpose that was overwritten is read, and none that
 * is not yet written. One client at a time changes a session.
 */
export function* checkRegister(history: SessionHistory): Generator<Violation> {
  const { id, seen, patches, keys } = history;
  const [first] = seen;
  const [{ winner } = { winner: undefined }] = keys;
  if (!first) return;
  if (!winner) {
    yield { kind: 'doubled', text: `nobody created the session ${id}`, evidence: [first.operation] };
    return;
  }
  const { operation: creation } = winner;
  const invoked = Math.min(...keys.flatMap(({ creations }) => creations.map(({ operation }) => operation.invoked)));
  const writes = gatherWrites(winner, invoked, patches, seen);

  for (const { operation, session } of seen) {
    const report = (text: string, ...evidence: Operation[]): Violation => ({
      kind: 'contradiction',
      text: `the session ${id} ${text}`,
      evidence: [...evidence, operation],
    });
    if (operation.completed < invoked) yield report('is there before it was created', creation);
    const changed = fixed.filter((name) => session[name] !== first.session[name]);
    if (changed.length > 0) yield report(`changed in ${changed.join(' and ')}`, first.operation);
    if (session.createdBy !== creation.user) yield report('has another creator', creation);
    if (session.accountId !== winner.request.accountId) yield report('has another account', creation);
    if (session.dateLastModified < session.dateCreated) yield report('was modified before it was created');

    const possible = writes.filter(({ purpose }) => purpose === session.purpose);
    const begun = possible.filter((write) => write.invoked < operation.completed);
    const current = begun.filter((write) => !overwriteOf(write, writes, operation));
    const [write] = possible;
    if (!write) yield report('has a purpose that nobody wrote', creation);
    else if (begun.length === 0) yield report('has a purpose before it was written', write.operation);
    else if (current.length === 0) {
      const overwrite = overwriteOf(write, writes, operation);
      yield report('has a purpose that was overwritten', write.operation, ...(overwrite ? [overwrite.operation] : []));
    } else if (!current.some((candidate) => isAuditedAs(candidate, session))) {
      yield report('has a last modification that is not the one of its purpose', write.operation);
    }
  }
}

function gatherWrites({ operation, request }: Creation, invoked: number, patches: Operation[], seen: Sight[]): Write[] {
  const provenBy = (purpose: string) =>
    Math.min(...seen.filter(({ session }) => session.purpose === purpose).map((sight) => sight.operation.completed));
  const { purpose } = request;
  const { user } = operation;
  const writes: Write[] = [{ purpose, user, operation, invoked, settled: invoked, provenBy: 0, isCreation: true }];
  for (const patch of patches) {
    // One that was refused has changed nothing.
    if (patch.request.action !== 'patch' || patch.outcome.kind === 'error') continue;
    writes.push({
      purpose: patch.request.purpose,
      user: patch.user,
      operation: patch,
      invoked: patch.invoked,
      settled: patch.outcome.kind === 'ok' ? patch.completed : Infinity,
      provenBy: provenBy(patch.request.purpose),
      isCreation: false,
    });
  }
  return writes;
}

/** The write that had certainly replaced this one before the read began, if there is one. */
function overwriteOf(write: Write, writes: Write[], read: Operation): Write | undefined {
  return writes.find((other) => write.settled < other.invoked && other.provenBy < read.invoked);
}

function isAuditedAs({ user, isCreation }: Write, session: Session): boolean {
  if (session.lastModifiedBy !== user) return false;
  return !isCreation || session.dateLastModified === session.dateCreated;
}
