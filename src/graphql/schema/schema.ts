import { GraphQLSchema } from 'graphql';
import { administratorRole } from '../../auth/viewer.ts';
import { builder } from './builder.ts';
import './date-time.ts';
import './account.ts';
import './ai-session.ts';
import './ai-session-list.ts';
import './node.ts';
import './viewer.ts';

const description = `AI sessions: AI assistants' working sessions for the customer accounts of a telephony platform.

Sign in by the header \`Authorization: Bearer TOKEN\`. All but \`viewer\` needs the role \`${administratorRole}\`.

Once an operation ran, the status is 200: a field that failed is null beside its error, whose \`extensions.code\` says \
why, and \`extensions.field\` which input is at fault.

Lists are Relay connections: pass \`pageInfo.endCursor\` on as \`after\`.`;

/** Assembles the schema. Each type and its operations are in the file of its name. */
export function createSchema(): GraphQLSchema {
  return new GraphQLSchema({ ...builder.toSchema().toConfig(), description });
}
