import type { GraphQLSchema } from 'graphql';
import { builder } from './builder.ts';
import './date-time.ts';
import './account.ts';
import './ai-session.ts';
import './ai-session-list.ts';
import './node.ts';
import './viewer.ts';

/** Assembles the schema. Each type and its operations are in the file of its name. */
export function createSchema(): GraphQLSchema {
  return builder.toSchema();
}
