import type { GraphQLSchema } from 'graphql';
import { builder } from './builder.ts';
import './account.ts';
import './ai-session.ts';
import './viewer.ts';

/** Assembles the schema: a type and its operations are in the file of its name. */
export function createSchema(): GraphQLSchema {
  return builder.toSchema();
}
