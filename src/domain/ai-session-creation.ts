import { hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { and, eq, sql } from 'drizzle-orm';
import { batch } from '../database/batch.ts';
import type { Database, Orm, UserDatabase } from '../database/database.ts';
import { withDeadline, type Deadline } from '../database/deadline.ts';
import { waitsBriefly, whenHeld } from '../database/held-rows.ts';
import { newIdentity } from '../database/ids.ts';
import { backOff } from '../database/retry.ts';
import { accounts, aiSessions, idempotencyKeys } from '../database/tables.ts';
import { badInput, CodedError } from '../errors.ts';
import { memoize } from '../memoize.ts';
import { selectSessions, type AISession } from './ai-sessions.ts';
import { logWrite, runWrites, type Runs, type Writer } from './writes.ts';

/** How long to wait before another look at what is held, in milliseconds. Later ones are further apart. */
const heldPauseMs = 200;

export interface NewAISession {
  accountId: string | null;
  purpose: string | null;
  /** Sent again by the same user, it returns the session that it created. */
  idempotencyKey: string | null;
}

/** A session that may be written, with the id that it gets. */
type Candidate = NewAISession & { id: string; dateCreated: string; createdBy: string; payloadHash: string | null };

/** A candidate in a batch. */
type Item = { candidate: Candidate; runs: Runs; deadline: Deadline };

/**
 * What became of a candidate. It is tried again if another transaction holds its account or its key, or a key of its
 * batch (`suspected`). `findEarlier` tells why it was refused.
 */
type Insertion =
  | { kind: 'written'; session: AISession }
  | { kind: 'accountHeld' | 'keyHeld' }
  | { kind: 'suspected' }
  | { kind: 'refused' };

/** How a response names what is held. An earlier run whose connection was lost may still hold its session. */
const heldNames = { accountHeld: 'The account', keyHeld: 'The session or its idempotencyKey' };

/**
 * Creates a session, or finds the one that an earlier request with the same key created. One statement writes all that
 * arrive together.
 * @throws BAD_USER_INPUT for an unknown account, IDEMPOTENCY_KEY_REUSED for a key that cannot stand for this payload,
 * RATE_LIMITED
 */
export async function createAISession(writer: Writer, input: NewAISession): Promise<AISession> {
  const { database, viewer, rateLimit } = writer;
  const { accountId, purpose, idempotencyKey } = input;
  const payloadHash = idempotencyKey === null ? null : hash('sha256', JSON.stringify([accountId, purpose]));
  const candidate = { ...input, ...newIdentity(), createdBy: viewer.id, payloadHash };
  const earlier = (await rateLimit.hasRoom(viewer.id)) ? null : await findByKey(database, candidate);
  if (earlier) return earlier;
  const write = async (runs: Runs) => {
    const insertion = await insertOnceFree(database.whole, candidate, runs);
    const session = insertion.kind === 'written' ? insertion.session : await findEarlier(database, candidate);
    // A run whose response was lost may have written it.
    const kind = session.id === candidate.id ? 'written' : 'found';
    return { kind, value: session, accountId } as const;
  };
  const ids = { sessionId: candidate.id, accountId };
  return logWrite(writer, 'session created', ids, write, rateLimit.reserve(viewer.id));
}

/** Inserts a candidate, as soon as no other transaction holds its account or its key. */
function insertOnceFree(database: Database, candidate: Candidate, runs: Runs): Promise<Insertion> {
  const queues = queuesOf(database);
  const usual = candidate.idempotencyKey === null ? 'unkeyed' : 'keyed';
  return withDeadline(database.timeoutMs, async (deadline) => {
    let queue: keyof typeof queues = usual;
    let looks = 0;
    for (;;) {
      const insertion: Insertion = await queues[queue]({ candidate, runs, deadline }, deadline);
      if (insertion.kind === 'written' || insertion.kind === 'refused') return insertion;
      queue = insertion.kind === 'accountHeld' ? usual : insertion.kind;
      if (insertion.kind === 'suspected') continue;
      deadline.held = heldNames[insertion.kind];
      looks += 1;
      await sleep(backOff(heldPauseMs, looks));
      deadline.throwIfPassed();
    }
  });
}

/** They take turns, so those with a held key hold up no turn but their own, after the first. */
const queuesOf = memoize((database: Database) => {
  const queue = (limit?: number) => batch('create sessions', (items: Item[]) => insertAll(database, items), limit);
  return { unkeyed: queue(), keyed: queue(), suspected: queue(1), keyHeld: queue(1) };
});

/** @returns what became of each candidate, in their order */
async function insertAll(database: Database, items: Item[]): Promise<Insertion[]> {
  const rows = await runWrites(
    { run: (work) => database.run(work, 'creations') },
    items.map(({ runs }) => runs),
    (orm) => {
      // What is written after its deadline would have no line in the log.
      const due = items.filter(({ deadline }) => !deadline.hasPassed).map(({ candidate }) => candidate);
      return insertStatement(orm)
        .execute({ candidates: JSON.stringify(due) })
        .catch(whenHeld('held'));
    },
  );
  const candidates = items.map(({ candidate }) => candidate);
  if (rows === 'held') return candidates.map(() => ({ kind: items.length > 1 ? 'suspected' : 'keyHeld' }));
  const byId = new Map(rows.map((row) => [row.id, row]));
  return candidates.map(({ id, dateCreated, createdBy, accountId, purpose }) => {
    const { kind = 'refused', accountName = null } = byId.get(id) ?? {};
    if (kind !== 'written') return { kind };
    const dates = { dateCreated, dateLastModified: dateCreated };
    return { kind, session: { id, ...dates, createdBy, lastModifiedBy: createdBy, accountId, accountName, purpose } };
  });
}

/**
 * Inserts the candidates whose account exists and is free, and whose key is new, each on its own merits. Accounts that
 * another transaction holds are not waited for. INSERT … ON CONFLICT waits for a concurrent winner, though not for long,
 * so exactly one of equal keys gets through.
 */
const insertStatement = memoize((orm: Orm) => {
  // PostgreSQL plans JSON text once, for batches of any size; arrays it would plan anew for each length.
  const candidate = orm.$with('candidate', { id: sql`id` }).as(sql`
    select * from json_to_recordset(${sql.placeholder('candidates')}::text::json) as candidate (
      id uuid, "dateCreated" timestamptz, "createdBy" text, "accountId" uuid, purpose text, "idempotencyKey" text,
      "payloadHash" text
    ) where ${waitsBriefly}`);
  const free = orm.$with('free', {}).as(sql`
    select id from ${accounts} where id in (select "accountId" from ${candidate}) for key share skip locked`);
  const valid = orm.$with('valid', {}).as(sql`
    select * from ${candidate} where "accountId" is null or "accountId" in (select id from ${free})`);
  // Sorted, so that concurrent batches take the locks of their keys in the same order.
  const claimed = orm.$with('claimed', {}).as(sql`
    insert into ${idempotencyKeys} (created_by, key, session_id, payload_hash)
    select "createdBy", "idempotencyKey", id, "payloadHash" from ${valid}
    where "idempotencyKey" is not null order by "createdBy", "idempotencyKey"
    on conflict do nothing returning session_id`);
  const written = orm.$with('written', {}).as(sql`
    insert into ${aiSessions} (id, date_created, date_last_modified, created_by, last_modified_by, account_id, purpose)
    select id, "dateCreated", "dateCreated", "createdBy", "createdBy", "accountId", purpose from ${valid}
    where "idempotencyKey" is null or id in (select session_id from ${claimed})
    on conflict (id) do nothing returning id`);
  // A key that was used is no reason to wait.
  const kind = sql<Exclude<Insertion['kind'], 'suspected'>>`case
    when candidate.id in (select id from ${written}) then 'written'
    when ${accounts.id} is null or ${accounts.id} in (select id from ${free}) or exists (
      select from ${idempotencyKeys} where created_by = "createdBy" and key = "idempotencyKey") then 'refused'
    else 'accountHeld' end`;
  return orm
    .with(candidate, free, valid, claimed, written)
    .select({ id: sql<string>`candidate.id`, accountName: accounts.name, kind })
    .from(candidate)
    .leftJoin(accounts, eq(accounts.id, sql`"accountId"`))
    .prepare('insert_sessions');
});

/** Explains a missing insert: an earlier attempt wrote the session, its key is taken, or its account does not exist. */
async function findEarlier(database: UserDatabase, candidate: Candidate): Promise<AISession> {
  const session = (await findByKey(database, candidate)) ?? (await findWrittenAISession(database, candidate.id));
  if (session) return session;
  throw badInput('accountId', 'No account has this "accountId".');
}

/** Finds the session that the key of a candidate created. @throws IDEMPOTENCY_KEY_REUSED */
async function findByKey(database: UserDatabase, candidate: Candidate): Promise<AISession | null> {
  const { createdBy, idempotencyKey, payloadHash } = candidate;
  if (idempotencyKey === null) return null;
  const isSame = and(eq(idempotencyKeys.createdBy, createdBy), eq(idempotencyKeys.key, idempotencyKey));
  const [earlier] = await database.run((orm) => orm.select().from(idempotencyKeys).where(isSame));
  if (!earlier) return null;
  if (earlier.payloadHash !== payloadHash) throw keyReused('was used with another payload');
  const session = await findWrittenAISession(database, earlier.sessionId);
  if (!session) throw keyReused('belongs to a session that was deleted');
  return session;
}

function keyReused(reason: string): CodedError {
  const message = `This "idempotencyKey" ${reason}. Use a new key to create another session.`;
  return new CodedError('IDEMPOTENCY_KEY_REUSED', message, { field: 'idempotencyKey' });
}

/**
 * Finds a session that an earlier attempt wrote, once it is safe to acknowledge. PostgreSQL keeps a transaction whose
 * wait for a synchronous standby was cut short. Locking the row is a write, whose commit waits for all before it.
 */
async function findWrittenAISession(database: UserDatabase, id: string): Promise<AISession | null> {
  const isWanted = and(eq(aiSessions.id, id), waitsBriefly);
  const [session] = await database.run((orm) => selectSessions(orm).where(isWanted).for('update', { of: aiSessions }));
  return session ?? null;
}
