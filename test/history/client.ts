import { setTimeout as sleep } from 'node:timers/promises';
import type { KnownSession, KnownSessions } from './known-sessions.ts';
import type { Outcome, Request } from './operation.ts';
import type { Random } from './seeded-random.ts';

/** Sends a request to one of the servers, and writes it and its answer down. */
export type Ask = (request: Request, user: string, server?: number) => Promise<Outcome>;

export interface ClientOptions {
  ask: Ask;
  /** Whose keys it uses. */
  user: string;
  /** All users: any of them may read and change. */
  users: readonly [string, ...string[]];
  accountIds: readonly [string, ...string[]];
  /** Makes its keys differ from those of others. */
  name: string;
  known: KnownSessions;
  random: Random;
  /** Aborted when no more work is to begin. */
  isOver: AbortSignal;
  /** Aborted when unfinished work is to be given up. */
  isGivenUp: AbortSignal;
}

const weights = [
  ['create', 55],
  ['retry', 6],
  ['misuse', 1],
  ['read', 22],
  ['list', 6],
  ['newest', 5],
  ['patch', 10],
  ['delete', 4],
] as const;

/** Creates, reads, lists, changes and deletes sessions, one after another, until it is over. */
export async function runClient(options: ClientOptions): Promise<void> {
  const { ask, user, users, accountIds, name, known, random, isOver, isGivenUp } = options;
  /** Those that only this client changes. */
  const own: KnownSession[] = [];
  let count = 0;

  /** Asks until the answer is final. */
  async function persist(request: Request, asUser: string): Promise<Outcome> {
    for (;;) {
      const outcome = await ask(request, asUser);
      if (outcome.kind !== 'unknown' || isGivenUp.aborted) return outcome;
      await sleep(random.between(100, 400));
    }
  }

  async function create(): Promise<void> {
    count += 1;
    const key = `${name} ${count}`;
    const by = random.chance(0.2) ? 'REST' : 'GraphQL';
    const accountId = random.chance(0.8) ? random.pick(accountIds) : null;
    const creation = { action: 'create', by, key, purpose: `${user} ${key}`, accountId } as const;
    // Some send it to both servers at once.
    const rival = random.chance(0.1) ? ask(creation, user, count) : undefined;
    const outcome = await (rival ? ask(creation, user, count + 1) : persist(creation, user));
    await rival;
    const final = outcome.kind === 'unknown' ? await persist(creation, user) : outcome;
    const [session] = final.kind === 'ok' ? final.sessions : [];
    if (!session) return;
    const created = { id: session.id, user, creation, isDeleted: false };
    own.push(created);
    known.add(created);
    await readSoon(created);
  }

  async function read({ id }: KnownSession): Promise<void> {
    await ask({ action: 'read', by: random.pick(['aiSession', 'node', 'REST']), id }, random.pick(users));
  }

  /** Often asks for what has just changed. */
  async function readSoon(session: KnownSession): Promise<void> {
    if (random.chance(0.25)) await read(session);
  }

  function pickOwn(): KnownSession | undefined {
    const from = random.chance(0.7) ? Math.max(0, own.length - 20) : 0;
    const session = own[Math.floor(random.between(from, own.length))];
    return session?.isDeleted ? undefined : session;
  }

  async function patch(): Promise<void> {
    const session = pickOwn();
    if (!session) return;
    count += 1;
    await ask({ action: 'patch', id: session.id, purpose: `${user} ${name} changed ${count}` }, random.pick(users));
    await readSoon(session);
  }

  async function remove(): Promise<void> {
    const session = pickOwn();
    if (!session) return;
    session.isDeleted = true;
    await persist({ action: 'delete', id: session.id }, random.pick(users));
    await readSoon(session);
  }

  async function list(): Promise<void> {
    const ids = new Set(Array.from({ length: 10 }, () => known.pick(random)?.id ?? []).flat());
    await ask({ action: 'list', ids: [...ids] }, random.pick(users));
  }

  async function work(): Promise<unknown> {
    const action = random.weighted(weights);
    if (action === 'create') return create();
    if (action === 'patch') return patch();
    if (action === 'delete') return remove();
    if (action === 'newest') return ask({ action, count: 10 }, random.pick(users));
    const session = known.pick(random);
    if (!session) return undefined;
    if (action === 'read') return read(session);
    if (action === 'list') return list();
    const { creation, user: owner } = session;
    return ask(action === 'retry' ? creation : { ...creation, purpose: `${creation.purpose} misused` }, owner);
  }

  while (!isOver.aborted) {
    await work();
    await sleep(random.between(10, 100));
  }
}
