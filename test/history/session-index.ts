import { isSamePayload, type KeyHistory } from './key-index.ts';
import type { History, Operation, Session } from './operation.ts';

/** An answer that shows a session. */
export interface Sight {
  operation: Operation;
  session: Session;
}

/** All that was asked and answered about one session. */
export interface SessionHistory {
  id: string;
  /** The keys that stand for it: one, if all is right. */
  keys: KeyHistory[];
  seen: Sight[];
  /** Answers that say that it does not exist. */
  missed: Operation[];
  patches: Operation[];
  deletions: Operation[];
  /** When the first answer that shows it was there. */
  existsBy: number;
}

/** Reads the database after all answers. */
const lastLook: Operation = {
  number: 0,
  client: 'checker',
  server: 'the database at the end',
  user: '',
  invoked: Number.MAX_VALUE,
  completed: Number.MAX_VALUE,
  request: { action: 'list', ids: [] },
  outcome: { kind: 'unknown', reason: 'see the lines of the sessions' },
};

/** Gathers what each answer, and the database at the end, says about each session. */
export function indexSessions({ operations, content }: History, keys: KeyHistory[]): SessionHistory[] {
  const sessions = new Map<string, SessionHistory>();
  function find(id: string): SessionHistory {
    const found = sessions.get(id) ?? {
      id,
      keys: [],
      seen: [],
      missed: [],
      patches: [],
      deletions: [],
      existsBy: Infinity,
    };
    sessions.set(id, found);
    return found;
  }
  function see(operation: Operation, session: Session): void {
    const history = find(session.id);
    history.seen.push({ operation, session });
    history.existsBy = Math.min(history.existsBy, operation.completed);
  }

  for (const operation of operations) {
    const { request, outcome } = operation;
    if (outcome.kind === 'ok') for (const session of outcome.sessions) see(operation, session);
    for (const id of missedIds(operation)) find(id).missed.push(operation);
    if (request.action === 'patch') find(request.id).patches.push(operation);
    if (request.action === 'delete') find(request.id).deletions.push(operation);
  }
  for (const key of keys) {
    for (const id of key.sessions.keys()) {
      const session = find(id);
      session.keys.push(key);
      session.missed.push(...refusals(key));
    }
  }
  if (content) {
    const present = new Set(content.sessions.map(({ id }) => id));
    for (const session of content.sessions) see(lastLook, session);
    for (const session of sessions.values()) if (!present.has(session.id)) session.missed.push(lastLook);
  }
  return [...sessions.values()];
}

/** The sessions that an answer says do not exist. */
function missedIds({ request, outcome }: Operation): string[] {
  if (request.action === 'create' || request.action === 'newest') return [];
  if (outcome.kind === 'error' && outcome.code === 'NOT_FOUND' && request.action !== 'list') return [request.id];
  if (outcome.kind !== 'ok') return [];
  if (request.action === 'read') return outcome.sessions.length === 0 ? [request.id] : [];
  if (request.action !== 'list') return [];
  const present = new Set(outcome.sessions.map(({ id }) => id));
  return request.ids.filter((id) => !present.has(id));
}

/** Answers to the same creation that refuse its key: they say that its session was deleted. */
function refusals({ creations, winner }: KeyHistory): Operation[] {
  return creations
    .filter((creation) => winner && isSamePayload(creation, winner))
    .map(({ operation }) => operation)
    .filter(({ outcome }) => outcome.kind === 'error' && outcome.code === 'IDEMPOTENCY_KEY_REUSED');
}
