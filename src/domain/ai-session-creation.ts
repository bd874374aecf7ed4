import { hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { and, eq, sql } from 'drizzle-orm';
import { batch } from '../database/batch.ts';
import type { Database, Orm, UserDatabase } from '../database/database.ts';
import { withDeadline } from '../database/deadline.ts';
import { failureOf } from '../database/failures.ts';
import { waitsAtMost, waitsBriefly } from '../database/held-rows.ts';
import { newIdentity } from '../database/ids.ts';
import { accounts, aiSessions, idempotencyKeys } from '../database/tables.ts';
import { badInput, CodedError } from '../errors.ts';
import { memoize } from '../memoize.ts';
import { selectSessions, type AISession } from './ai-sessions.ts';
import { logWrite, runWrites, type Runs, type Writer } from './writes.ts';

/** How long a batch waits for a key that another transaction holds, in milliseconds. */
const keyPatienceMs = 20;
/** How long to wait before another look at what is held, in milliseconds. */
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
type Item = { candidate: Candidate; runs: Runs };

/**
 * What became of a candidate. It can be tried again: `held`, because another transaction holds its account; `keyHeld`,
 * because one holds its key, or that of another in its batch. `findEarlier` tells why it was refused.
 */
type Insertion = { kind: 'written'; session: AISession } | { kind: 'held' | 'keyHeld' | 'refused' };

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
    const insertion = await insertOnceFree(database.whole, { candidate, runs });
    const session = insertion.kind === 'written' ? insertion.session : await findEarlier(database, candidate);
    // A run whose response was lost may have written it.
    const kind = session.id === candidate.id ? 'written' : 'found';
    return { kind, value: session, accountId } as const;
  };
  const ids = { sessionId: candidate.id, accountId };
  return logWrite(writer, 'session created', ids, write, rateLimit.reserve(viewer.id));
}

/** Inserts a candidate, as soon as no other transaction holds its account or its key. */
function insertOnceFree(database: Database, item: Item): Promise<Insertion> {
  const { together, alone } = inserts(database);
  return withDeadline(database.timeoutMs, async (deadline) => {
    let insertion = await together(item, deadline);
    while (insertion.kind === 'held' || insertion.kind === 'keyHeld') {
      await sleep(heldPauseMs);
      deadline.throwIfAborted();
      insertion = await (insertion.kind === 'held' ? together : alone)(item, deadline);
    }
    return insertion;
  });
}

/** A key that is held has all keys of its batch suspected. They are tried one by one, in turn with other batches. */
const inserts = memoize((database: Database) => {
  const work = (items: Item[]) => insertAll(database, items);
  return { together: batch('create sessions', work), alone: batch('create sessions', work, 1) };
});

/** @returns what became of each candidate, in their order */
async function insertAll(database: Database, items: Item[]): Promise<Insertion[]> {
  const candidates = items.map(({ candidate }) => candidate);
  const values = { candidates: JSON.stringify(candidates) };
  const rows = await runWrites(
    { run: (work) => database.run(work, 'creations') },
    items.map(({ runs }) => runs),
    (orm) => insertStatement(orm).execute(values).catch(whenKeyHeld),
  );
  if (rows === 'keyHeld')
    return candidates.map(({ idempotencyKey }) => ({ kind: idempotencyKey ? 'keyHeld' : 'held' }));
  const byId = new Map(rows.map((row) => [row.id, row]));
  return candidates.map(({ id, dateCreated, createdBy, accountId, purpose }) => {
    const { kind = 'refused', accountName = null } = byId.get(id) ?? {};
    if (kind !== 'written') return { kind };
    const dates = { dateCreated, dateLastModified: dateCreated };
    return { kind, session: { id, ...dates, createdBy, lastModifiedBy: createdBy, accountId, accountName, purpose } };
  });
}

function whenKeyHeld(error: unknown): 'keyHeld' {
  if (failureOf(error) === 'rowHeld') return 'keyHeld';
  throw error;
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
    ) where ${waitsAtMost(keyPatienceMs)}`);
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
  const kind = sql<Insertion['kind']>`case
    when candidate.id in (select id from ${written}) then 'written'
    when ${accounts.id} is null or ${accounts.id} in (select id from ${free}) or exists (
      select from ${idempotencyKeys} where created_by = "createdBy" and key = "idempotencyKey") then 'refused'
    else 'held' end`;
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
  const session = earlier.payloadHash === payloadHash && (await findWrittenAISession(database, earlier.sessionId));
  if (session) return session;
  const reason = session === null ? 'belongs to a session that was deleted' : 'was used with another payload';
  const message = `This "idempotencyKey" ${reason}. Use a new key to create another session.`;
  throw new CodedError('IDEMPOTENCY_KEY_REUSED', message, { field: 'idempotencyKey' });
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
