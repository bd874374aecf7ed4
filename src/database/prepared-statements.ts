import { LRUCache } from 'lru-cache';
import { memoize } from '../memoize.ts';
import type { Orm } from './database.ts';

/** The values of the placeholders that a statement has. */
export type Values = Record<string, string | number>;

/** How many statements are kept for a connection. */
const statementLimit = 50;

/**
 * Makes a function that keeps the latest statements of each connection: Drizzle takes longer to write one than
 * PostgreSQL to run it. Statements with the same placeholders, in the same variant, must be the same.
 */
export function keepPrepared<Statement extends object>() {
  const kept = memoize((_orm: Orm) => new LRUCache<string, Statement>({ max: statementLimit }));
  return (orm: Orm, values: Values, variant: string, prepare: () => Statement): Statement => {
    const statements = kept(orm);
    const name = `${variant} ${Object.keys(values).join()}`;
    const statement = statements.get(name) ?? prepare();
    statements.set(name, statement);
    return statement;
  };
}
