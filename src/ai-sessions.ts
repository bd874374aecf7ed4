import { hash } from 'node:crypto';
import { and, eq, gte, lt, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import type { Database, Orm } from './database/database.ts';
import { gather } from './database/gather.ts';
import { lowestId, newIdentity } from './database/ids.ts';
import { readPage, type Page, type PageRequest, type Position } from './database/keyset.ts';
import { accounts, aiSessions, idempotencyKeys } from './database/tables.ts';
import { badInput, CodedError } from './errors.ts';
import { oncePer } from './once-per.ts';

const sessionColumns = {
  id: aiSessions.id,
  dateCreated: aiSessions.dateCreated,
  dateLastModified: aiSessions.dateLastModified,
  createdBy: aiSessions.createdBy,
  lastModifiedBy: aiSessions.lastModifiedBy,
  accountId: aiSessions.accountId,
  accountName: accounts.name,
  purpose: aiSessions.purpose,
};
const itsAccount = eq(accounts.id, aiSessions.accountId);

export type AISession = Awaited<ReturnType<typeof selectSessions>>[number];

export interface NewAISession {
  accountId: string | null;
  purpose: string | null;
  /** Given again by the same caller, it answers the session that it created. */
  idempotencyKey: string | null;
  caller: string;
}

export interface AISessionFilter {
  ids?: string[] | undefined;
  accountIds?: string[] | undefined;
  createdBy?: string | undefined;
  /** The first instant. */
  createdFrom?: Date | undefined;
  /** The first instant that no longer counts. */
  createdBefore?: Date | undefined;
}

export interface AISessionOrder {
  field: 'dateCreated' | 'dateLastModified';
  descending: boolean;
}

/**
 * Creates a session: those that arrive together are written by one statement.
 * @returns the session, and whether it was made now or, by an earlier request with the same key, before
 * @throws BAD_USER_INPUT for an unknown account, IDEMPOTENCY_KEY_REUSED for a key that cannot answer this payload
 */
export async function createAISession(database: Database, input: NewAISession) {
  const payloadHash =
    input.idempotencyKey === null ? null : hash('sha256', JSON.stringify([input.accountId, input.purpose]));
  const candidate = { ...input, ...newIdentity(), payloadHash };
  const created = await inserter(database)(candidate);
  return created
    ? { session: created, isNew: true }
    : { session: await findEarlier(database, candidate), isNew: false };
}

type Candidate = NewAISession & { id: string; dateCreated: Date; payloadHash: string | null };

const inserter = oncePer((database: Database) =>
  gather((candidates: Candidate[]) => database.run((orm) => insertSessions(orm, candidates)), 500),
);

/**
 * Inserts those of the candidates whose account exists and whose key is new, each on its own. INSERT … ON CONFLICT waits
 * for a racing winner, so of equal keys just one gets through.
 * @returns for each candidate its session, with the name of its account, or undefined
 */
async function insertSessions(orm: Orm, candidates: Candidate[]): Promise<(AISession | undefined)[]> {
  const sessions = await insertStatement(orm).execute({ candidates: JSON.stringify(candidates) });
  const byId = new Map(sessions.map((session) => [session.id, session]));
  return candidates.map(({ id }) => byId.get(id));
}

const insertStatement = oncePer((orm: Orm) => {
  // As one JSON text, candidates get one plan for batches of any size: arrays were planned anew each time, for theirs.
  const valid = orm.$with('valid', { id: sql<string>`id` }).as(sql`
    select candidate.* from json_to_recordset(${sql.placeholder('candidates')}::text::json) as candidate (
      id uuid, "dateCreated" timestamptz, "accountId" uuid, purpose text, caller text, "idempotencyKey" text,
      "payloadHash" text
    )
    where "accountId" is null or exists (select from ${accounts} where ${accounts.id} = "accountId")`);
  const claim = sql`select caller, "idempotencyKey", id, "payloadHash", now() from ${valid}
    where "idempotencyKey" is not null order by caller, "idempotencyKey"`;
  const claimed = orm
    .$with('claimed')
    .as(orm.insert(idempotencyKeys).select(claim).onConflictDoNothing().returning({ id: idempotencyKeys.sessionId }));
  const rows = sql`
    select id, "dateCreated", "dateCreated", caller, caller, "accountId", purpose, "idempotencyKey" from ${valid}
    where "idempotencyKey" is null or id in (select session_id from ${claimed})`;
  // What is written goes by the name of the table, so that the columns of a session fit both.
  const written = orm
    .$with('ai_sessions')
    .as(orm.insert(aiSessions).select(rows).onConflictDoNothing({ target: aiSessions.id }).returning());
  const answer = orm.with(valid, claimed, written).select(sessionColumns).from(written);
  return answer.leftJoin(accounts, itsAccount).prepare('insert_sessions');
});

/** Why a candidate was not inserted: an earlier attempt did it, an earlier session has its key, or it has no account. */
async function findEarlier(
  database: Database,
  { id, caller, idempotencyKey, payloadHash }: Candidate,
): Promise<AISession> {
  const [earlier] = await database.run((orm) =>
    orm
      .select()
      .from(idempotencyKeys)
      .where(and(eq(idempotencyKeys.createdBy, caller), eq(idempotencyKeys.key, idempotencyKey ?? ''))),
  );
  if (!earlier) {
    const session = await findAISession(database, id);
    if (session) return session;
    throw badInput('accountId', 'No account has this "accountId".');
  }
  const session = earlier.payloadHash === payloadHash && (await findAISession(database, earlier.sessionId));
  if (session) return session;
  const reason = session === null ? 'belongs to a session that was deleted' : 'was used with another payload';
  const message = `This "idempotencyKey" ${reason}. Use a new key to create another session.`;
  throw new CodedError('IDEMPOTENCY_KEY_REUSED', message, { field: 'idempotencyKey' });
}

export async function findAISession(database: Database, id: string): Promise<AISession | null> {
  const [session] = await database.run((orm) => findStatement(orm).execute({ id }));
  return session ?? null;
}

const findStatement = oncePer((orm: Orm) =>
  selectSessions(orm)
    .where(eq(aiSessions.id, sql.placeholder('id')))
    .prepare('find_session'),
);

/**
 * Changes the purpose of a session, unless it is undefined.
 * @throws NOT_FOUND
 */
export async function patchAISession(
  database: Database,
  id: string,
  purpose: string | null | undefined,
  caller: string,
) {
  const change = { purpose, lastModifiedBy: caller, dateLastModified: sql`greatest(now(), ${aiSessions.dateCreated})` };
  const [session] = await database.run((orm) => {
    if (purpose === undefined) return selectSessions(orm).where(eq(aiSessions.id, id));
    const update = orm.update(aiSessions).set(change).where(eq(aiSessions.id, id)).returning();
    const written = orm.$with('ai_sessions').as(update);
    return orm.with(written).select(sessionColumns).from(written).leftJoin(accounts, itsAccount);
  });
  if (!session) throw notFound();
  return session;
}

/** @throws NOT_FOUND */
export async function deleteAISession(database: Database, id: string): Promise<string> {
  const deleted = await database.run((orm) => orm.delete(aiSessions).where(eq(aiSessions.id, id)).returning());
  if (deleted.length === 0) throw notFound();
  return id;
}

function notFound(): CodedError {
  return new CodedError('NOT_FOUND', 'No session has this "id".', { field: 'id' });
}

export function listAISessions(
  database: Database,
  filter: AISessionFilter,
  order: AISessionOrder,
  page: PageRequest,
): Promise<Page<AISession>> {
  return database.run((orm) =>
    readPage(page, {
      id: aiSessions.id,
      date: order.field === 'dateCreated' ? undefined : aiSessions.dateLastModified,
      descending: order.descending,
      filter: matches(filter),
      select: (where, orderBy, limit, offset = 0) =>
        selectSessions(orm)
          .where(where)
          .orderBy(...orderBy)
          .limit(limit)
          .offset(offset)
          .prepare('list_sessions')
          .execute(),
      positionOf: (session) => sessionPosition(session, order),
    }),
  );
}

export function sessionPosition(session: AISession, order: AISessionOrder): Position {
  return { date: session[order.field], id: session.id };
}

export function countAISessions(database: Database, filter: AISessionFilter): Promise<number> {
  return database.run((orm) => orm.$count(aiSessions, matches(filter)));
}

function selectSessions(orm: Orm) {
  return orm.select(sessionColumns).from(aiSessions).leftJoin(accounts, itsAccount);
}

function matches({ ids, accountIds, createdBy, createdFrom, createdBefore }: AISessionFilter) {
  return and(
    ids && isOneOf(aiSessions.id, ids),
    accountIds && isOneOf(aiSessions.accountId, accountIds),
    createdBy === undefined ? undefined : eq(aiSessions.createdBy, createdBy),
    createdFrom && gte(aiSessions.id, lowestId(createdFrom)),
    createdBefore && lt(aiSessions.id, lowestId(createdBefore)),
  );
}

/** One text of SQL for lists of any length, of which each is prepared; a lone id can be followed in its index's order. */
function isOneOf(column: PgColumn, ids: string[]) {
  return ids.length === 1 ? eq(column, ids[0]) : sql`${column} = any(${`{${ids.join()}}`}::uuid[])`;
}
