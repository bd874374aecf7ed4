import { and, eq, sql } from 'drizzle-orm';
import { batch } from '../database/batch.ts';
import type { Database, Orm, UserDatabase } from '../database/database.ts';
import { withDeadline } from '../database/deadline.ts';
import { waitsBriefly } from '../database/held-rows.ts';
import { idIn, idList, orderByIds } from '../database/ids.ts';
import { prepareSelect } from '../database/prepared-statements.ts';
import { accounts, aiSessions } from '../database/tables.ts';
import { CodedError } from '../errors.ts';
import { memoize } from '../memoize.ts';
import { logWrite, runWrites, type Writer } from './writes.ts';

export type AISession = Awaited<ReturnType<typeof selectSessions>>[number];

/** Finds a session. One statement finds all that are asked for together. */
export function findAISession({ whole }: UserDatabase, id: string): Promise<AISession | null> {
  return withDeadline(whole.timeoutMs, (deadline) => batchedFind(whole)(id, deadline));
}

const batchedFind = memoize((database: Database) =>
  batch('find sessions', async (ids: string[]) => {
    const [first, ...others] = ids;
    const find = (orm: Orm) =>
      others.length === 0 ? findOne(orm).execute({ id: first }) : findMany(orm).execute({ ids: idList(ids) });
    return orderByIds(ids, await database.run(find, 'lookups'));
  }),
);

/** PostgreSQL plans a statement with a short list of ids anew each time, one with a single id once. */
const findOne = memoize((orm: Orm) => {
  const isWanted = eq(aiSessions.id, sql.placeholder('id'));
  return prepareSelect(orm, selectSessions(orm).where(isWanted), sessionColumns, 'find_session');
});

const findMany = memoize((orm: Orm) =>
  prepareSelect(
    orm,
    selectSessions(orm).where(idIn(aiSessions.id, sql.placeholder('ids'))),
    sessionColumns,
    'find_sessions',
  ),
);

/** Changes the purpose of a session; undefined leaves it as it is. @throws NOT_FOUND */
export async function patchAISession(
  writer: Writer,
  id: string,
  purpose: string | null | undefined,
): Promise<AISession> {
  const { database, viewer } = writer;
  if (purpose === undefined) return existing(await findAISession(database, id));
  const dateLastModified = sql`greatest(now(), ${aiSessions.dateCreated})`;
  const change = { purpose, lastModifiedBy: viewer.id, dateLastModified };
  return logWrite(writer, 'session changed', { sessionId: id }, async (runs) => {
    const isWanted = and(eq(aiSessions.id, id), waitsBriefly);
    const [changed] = await runWrites(database, [runs], (orm) => {
      // Named like the table, so that `sessionColumns` fit.
      const written = orm.$with('ai_sessions').as(orm.update(aiSessions).set(change).where(isWanted).returning());
      return orm.with(written).select(sessionColumns).from(written).leftJoin(accounts, ownAccount);
    });
    const session = existing(changed);
    return { kind: 'written', value: session, accountId: session.accountId };
  });
}

/** Deletes a session. @throws NOT_FOUND */
export async function deleteAISession(writer: Writer, id: string): Promise<void> {
  const { accountId } = aiSessions;
  const isWanted = and(eq(aiSessions.id, id), waitsBriefly);
  return logWrite(writer, 'session deleted', { sessionId: id }, async (runs) => {
    const [deleted] = await runWrites(writer.database, [runs], (orm) =>
      orm.delete(aiSessions).where(isWanted).returning({ accountId }),
    );
    // If the response to an earlier run was lost, that one may have deleted it.
    if (!deleted && runs.unsettled === 0) throw notFound();
    return { kind: 'written', value: undefined, accountId: deleted?.accountId };
  });
}

function existing(session: AISession | null | undefined): AISession {
  if (!session) throw notFound();
  return session;
}

function notFound(): CodedError {
  return new CodedError('NOT_FOUND', 'No session has this "id".', { field: 'id' });
}

export const sessionColumns = {
  id: aiSessions.id,
  dateCreated: aiSessions.dateCreated,
  dateLastModified: aiSessions.dateLastModified,
  createdBy: aiSessions.createdBy,
  lastModifiedBy: aiSessions.lastModifiedBy,
  accountId: aiSessions.accountId,
  accountName: accounts.name,
  purpose: aiSessions.purpose,
};

/** Joins a session with its account. */
const ownAccount = eq(accounts.id, aiSessions.accountId);

export function selectSessions(orm: Orm) {
  return orm.select(sessionColumns).from(aiSessions).leftJoin(accounts, ownAccount);
}
