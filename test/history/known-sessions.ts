import type { Request } from './operation.ts';
import type { Random } from './seeded-random.ts';

/** A session that a server acknowledged. */
export interface KnownSession {
  id: string;
  /** Whose key created it. */
  user: string;
  creation: Extract<Request, { action: 'create' }>;
  isDeleted: boolean;
}

/** How many of the newest are asked for most. */
const recent = 200;

/** The acknowledged sessions, from which all clients choose what to ask for. */
export interface KnownSessions {
  add: (session: KnownSession) => void;
  /** Picks one; often one of the newest. */
  pick: (random: Random) => KnownSession | undefined;
  ids: () => string[];
}

export function createKnownSessions(): KnownSessions {
  const sessions: KnownSession[] = [];
  return {
    add: (session) => void sessions.push(session),
    pick(random) {
      const from = random.chance(0.5) ? Math.max(0, sessions.length - recent) : 0;
      return sessions[Math.floor(random.between(from, sessions.length))];
    },
    ids: () => sessions.map(({ id }) => id),
  };
}
