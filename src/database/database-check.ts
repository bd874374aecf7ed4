import { sql } from 'drizzle-orm';
import { errorCode } from '../errors.ts';
import type { Orm } from './database.ts';
import { findMissingMigrations } from './migrations.ts';

/** What the server does with its tables. */
const rights = {
  // Locking a row takes the right to update one of its columns.
  accounts: ['select', 'insert', 'update (name)'],
  ai_sessions: ['select', 'insert', 'update', 'delete'],
  idempotency_keys: ['select', 'insert', 'delete'],
};

/**
 * Finds out what keeps this role from using the database.
 * @returns the fault and what to do about it, in words; undefined when there is none
 * @throws 25006 for a database that is read-only, such as a standby
 */
export async function findFault(orm: Orm): Promise<string | undefined> {
  try {
    if ((await findMissingMigrations(orm)).length > 0) return 'the database is behind: run npm run migrate';
  } catch (error) {
    if (errorCode(error) !== '42501') throw error;
    return 'its role may not read drizzle.__drizzle_migrations: grant it usage on the schema drizzle and select on the table';
  }
  const needed = Object.entries(rights).flatMap(([table, names]) => names.map((name) => sql`(${table}, ${name})`));
  const found = await orm
    .select({
      table: sql<string>`name`,
      right: sql<string>`"right"`,
      isSeen: sql<boolean>`to_regclass(name) is not null`,
      isGranted: sql<boolean>`coalesce(case "right" when 'update (name)'
        then has_any_column_privilege(to_regclass(name)::oid, 'update')
        else has_table_privilege(to_regclass(name)::oid, "right") end, false)`,
      role: sql<string>`quote_ident(current_user)`,
      searchPath: sql<string>`current_setting('search_path')`,
      encoding: sql<string>`current_setting('server_encoding')`,
    })
    .from(sql`(values ${sql.join(needed, sql`, `)}) as needed (name, "right")`);
  const [first] = found;
  if (!first) return undefined;
  const { role, searchPath, encoding } = first;
  if (encoding !== 'UTF8') return `its encoding is ${encoding}: create it anew with the encoding UTF8`;
  const unseen = new Set(found.filter(({ isSeen }) => !isSeen).map(({ table }) => table));
  if (unseen.size > 0) {
    const tables = [...unseen].join(', ');
    return `${role} does not see ${tables} in its search_path, ${searchPath}: set it to the schema of the tables, and grant usage on that`;
  }
  const missing = found.filter(({ isGranted }) => !isGranted);
  if (missing.length === 0) return undefined;
  const grants = Array.from(
    Map.groupBy(missing, (row) => row.table),
    ([table, rows]) => `grant ${rows.map(({ right }) => right).join(', ')} on ${table} to ${role}`,
  );
  return `${role} lacks rights. Run: ${grants.join('; ')}`;
}
