import { sql } from 'drizzle-orm';
import { check, customType, index, pgTable, primaryKey, text, uuid, type PgColumn } from 'drizzle-orm/pg-core';

/** An instant, which is ISO 8601 text in UTC with milliseconds: a Date would be made of text, to be made text again. */
const instant = customType<{ data: string; driverData: string }>({
  dataType: () => 'timestamp (3) with time zone',
  fromDriver(written) {
    // PostgreSQL leaves zeros at the end out.
    const [, date, time, milliseconds = ''] = inUtc.exec(written) ?? [];
    return date ? `${date}T${time}.${milliseconds.padEnd(3, '0')}Z` : new Date(written).toISOString();
  },
});

const inUtc = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,3}))?\+00$/;

/** The columns of `EntityInfo`. */
const entityColumns = {
  id: uuid('id').primaryKey(),
  dateCreated: instant('date_created').notNull(),
  dateLastModified: instant('date_last_modified').notNull(),
  createdBy: text('created_by').notNull(),
  lastModifiedBy: text('last_modified_by').notNull(),
};

/**
 * Order and filters by date rely on it: the date of creation is the one in the id, which is its first 48 bits in
 * milliseconds. Rounding is for engines whose `extract` is a float.
 */
const dateOfIdCheck = (name: string, { id, dateCreated }: { id: PgColumn; dateCreated: PgColumn }) =>
  check(
    name,
    sql`round(extract(epoch from ${dateCreated}) * 1000) = ('x' || translate(left(${id}::text, 13), '-', ''))::bit(48)::bigint`,
  );

export const accounts = pgTable('accounts', { ...entityColumns, name: text('name').notNull() }, (table) => [
  dateOfIdCheck('accounts_date_created_is_in_id', table),
]);

export const aiSessions = pgTable(
  'ai_sessions',
  { ...entityColumns, accountId: uuid('account_id').references(() => accounts.id), purpose: text('purpose') },
  (table) => [
    dateOfIdCheck('ai_sessions_date_created_is_in_id', table),
    index('ai_sessions_by_account').on(table.accountId, table.id),
    index('ai_sessions_by_modification').on(table.dateLastModified, table.id),
  ],
);

/** Every key that created a session. It outlives the session, so that a late retry cannot create a second one. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    createdBy: text('created_by').notNull(),
    key: text('key').notNull(),
    sessionId: uuid('session_id').notNull(),
    payloadHash: text('payload_hash').notNull(),
    dateCreated: instant('date_created')
      .notNull()
      .default(sql`now()`),
  },
  (table) => [primaryKey({ columns: [table.createdBy, table.key] })],
);
