import type { History, Operation, Request } from './operation.ts';

type CreationRequest = Extract<Request, { action: 'create' }>;

/** A request to create a session. */
export interface Creation {
  operation: Operation;
  request: CreationRequest;
}

/** All that was asked for with one key of one user. */
export interface KeyHistory {
  user: string;
  key: string;
  creations: Creation[];
  /** The first that was answered with a session, or else the first. */
  winner: Creation | undefined;
  /** The sessions that the key stands for: one at most, if all is right. Each with the answer that says so, if one does. */
  sessions: Map<string, Operation | undefined>;
}

const nameOf = (user: string, key: string) => JSON.stringify([user, key]);

/** Whether both ask for the same session, so that one key may stand for both. */
export const isSamePayload = (one: Creation, other: Creation) =>
  one.request.purpose === other.request.purpose && one.request.accountId === other.request.accountId;

/** Gathers the creations, and what the database says of their keys. */
export function indexKeys({ operations, content }: History): KeyHistory[] {
  const keys = new Map<string, KeyHistory>();
  function find(user: string, key: string): KeyHistory {
    const name = nameOf(user, key);
    const found = keys.get(name) ?? { user, key, creations: [], winner: undefined, sessions: new Map() };
    keys.set(name, found);
    return found;
  }

  for (const operation of operations) {
    const { request, outcome, user } = operation;
    if (request.action !== 'create') continue;
    const ofKey = find(user, request.key);
    const creation = { operation, request };
    ofKey.creations.push(creation);
    if (outcome.kind !== 'ok') continue;
    ofKey.winner ??= creation;
    for (const { id } of outcome.sessions) if (!ofKey.sessions.has(id)) ofKey.sessions.set(id, operation);
  }
  for (const { user, key, sessionId } of content?.keys ?? []) {
    const { sessions } = find(user, key);
    if (!sessions.has(sessionId)) sessions.set(sessionId, undefined);
  }
  for (const ofKey of keys.values()) ofKey.winner ??= ofKey.creations[0];
  return [...keys.values()];
}
