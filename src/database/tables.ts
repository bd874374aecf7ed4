import { index, pgTable, primaryKey, text, timestamp, uuid } from 'drizzle-orm/pg-core';

const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });

/** The columns of `EntityInfo`. An id holds the date of its row's creation: see `newIdentity`. */
const entityColumns = {
  id: uuid('id').primaryKey(),
  dateCreated: instant('date_created').notNull().defaultNow(),
  dateLastModified: instant('date_last_modified').notNull().defaultNow(),
  createdBy: text('created_by').notNull(),
  lastModifiedBy: text('last_modified_by').notNull(),
};

export const accounts = pgTable('accounts', { ...entityColumns, name: text('name').notNull() });

export const aiSessions = pgTable(
  'ai_sessions',
  {
    ...entityColumns,
    accountId: uuid('account_id').references(() => accounts.id),
    purpose: text('purpose'),
    idempotencyKey: text('idempotency_key'),
  },
  (table) => [
    index('ai_sessions_by_account').on(table.accountId, table.id),
    index('ai_sessions_by_modification').on(table.dateLastModified, table.id),
  ],
);

/** Every key that ever created a session: it outlives the session, so that a late retry cannot create a second one. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    createdBy: text('created_by').notNull(),
    key: text('key').notNull(),
    sessionId: uuid('session_id').notNull(),
    payloadHash: text('payload_hash').notNull(),
    dateCreated: instant('date_created').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.createdBy, table.key] })],
);
