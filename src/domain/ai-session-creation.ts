import { hash } from 'node:crypto';
import { and, eq, sql } from 'drizzle-orm';
import { batch } from '../database/batch.ts';
import type { Database, Orm, UserDatabase } from '../database/database.ts';
import { newIdentity, orderByIds } from '../database/ids.ts';
import { accounts, aiSessions, idempotencyKeys } from '../database/tables.ts';
import { badInput, CodedError } from '../errors.ts';
import { memoize } from '../memoize.ts';
import { ownAccount, selectSessions, sessionColumns, writtenSessions, type AISession } from './ai-sessions.ts';
import { logWrite, runWrites, type Runs, type Writer } from './writes.ts';

export interface NewAISession {
  accountId: string | null;
  purpose: string | null;
  /** Sent again by the same user, it returns the session that it created. */
  idempotencyKey: string | null;
}

/** A session that may be written, with the id that it gets. */
type Candidate = NewAISession & { id: string; dateCreated: string; createdBy: string; payloadHash: string | null };

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
    const created = await batchedInsert(database.whole)({ candidate, runs });
    const session = created ?? (await findEarlier(database, candidate));
    // A run whose response was lost may have written it.
    const kind = session.id === candidate.id ? 'written' : 'found';
    return { kind, value: session, accountId } as const;
  };
  const ids = { sessionId: candidate.id, accountId };
  return logWrite(writer, 'session created', ids, write, rateLimit.reserve(viewer.id));
}

const batchedInsert = memoize((database: Database) =>
  batch('create sessions', async (items: { candidate: Candidate; runs: Runs }[]) => {
    const candidates = items.map(({ candidate }) => candidate);
    const values = { candidates: JSON.stringify(candidates) };
    const sessions = await runWrites(
      { run: (work) => database.run(work, 'creations') },
      items.map(({ runs }) => runs),
      (orm) => insertStatement(orm).execute(values),
    );
    const ids = candidates.map(({ id }) => id);
    return orderByIds(ids, sessions);
  }),
);

/**
 * Inserts the candidates whose account exists and whose key is new, each on its own merits, and returns their sessions.
 * INSERT … ON CONFLICT waits for a concurrent winner, so exactly one of equal keys gets through.
 */
const insertStatement = memoize((orm: Orm) => {
  // PostgreSQL plans JSON text once, for batches of any size; arrays it would plan anew for each length.
  const valid = orm.$with('valid', { id: sql<string>`id` }).as(sql`
    select candidate.* from json_to_recordset(${sql.placeholder('candidates')}::text::json) as candidate (
      id uuid, "dateCreated" timestamptz, "createdBy" text, "accountId" uuid, purpose text, "idempotencyKey" text,
      "payloadHash" text
    )
    where "accountId" is null or exists (select 1 from ${accounts} where ${accounts.id} = "accountId")`);
  // Sorted, so that concurrent batches take the locks of their keys in the same order.
  const keys = sql`select "createdBy", "idempotencyKey", id, "payloadHash", now() from ${valid}
    where "idempotencyKey" is not null order by "createdBy", "idempotencyKey"`;
  const claimed = orm
    .$with('claimed')
    .as(orm.insert(idempotencyKeys).select(keys).onConflictDoNothing().returning({ id: idempotencyKeys.sessionId }));
  const rows = sql`select id, "dateCreated", "dateCreated", "createdBy", "createdBy", "accountId", purpose from ${valid}
    where "idempotencyKey" is null or id in (select session_id from ${claimed})`;
  const insert = orm.insert(aiSessions).select(rows).onConflictDoNothing({ target: aiSessions.id }).returning();
  const written = writtenSessions(orm, insert);
  const sessions = orm.with(valid, claimed, written).select(sessionColumns).from(written);
  return sessions.leftJoin(accounts, ownAccount).prepare('insert_sessions');
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
  const isWanted = eq(aiSessions.id, id);
  const [session] = await database.run((orm) => selectSessions(orm).where(isWanted).for('update', { of: aiSessions }));
  return session ?? null;
}
