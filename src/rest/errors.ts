import type { ServerResponse } from 'node:http';
import { GraphQLError } from 'graphql';
import type { Context } from '../context.ts';
import { CodedError, ServiceUnavailableError } from '../errors.ts';
import { codeOf, httpOf, maskUnexpected } from '../graphql/errors.ts';
import type { Operation } from './operations.ts';
import { writeJson } from './response.ts';

const errorCodes: Record<string, string> = {
  BAD_USER_INPUT: 'BadRequest',
  UNAUTHENTICATED: 'Unauthorized',
  FORBIDDEN: 'Invalid Role',
  NOT_FOUND: 'NotFound',
  IDEMPOTENCY_KEY_REUSED: 'IdempotencyKeyReused',
  RATE_LIMITED: 'TooManyRequests',
  SERVICE_UNAVAILABLE: 'ServiceUnavailable',
};

/** Writes an error as ServiceStack's clients expect it: in JSON, whatever format was asked for. */
export function writeError(error: unknown, response: ServerResponse, { log, logFields, logOutage }: Context): void {
  const masked = maskUnexpected(error);
  const code = codeOf(masked);
  logFields.errors = [code];
  if (!isExpected(error)) log.error({ err: error }, 'unexpected error');
  else if (error instanceof ServiceUnavailableError) logOutage(error);
  // Part of the response was sent already.
  if (response.headersSent) return void response.destroy();
  const { status, headers } = httpOf(masked);
  writeJson(response, status, toResponseStatus(masked), headers);
}

/** Makes the body of an error, as ServiceStack's clients expect it. */
export function toResponseStatus(error: GraphQLError) {
  const { message, extensions } = error;
  const errorCode = errorCodes[codeOf(error)] ?? 'InternalServerError';
  const { field } = extensions;
  const errors = field === undefined ? [] : [{ errorCode, fieldName: field, message }];
  return { responseStatus: { errorCode, message, errors } };
}

/** GraphQL errors were masked and logged when their operation ran. */
function isExpected(error: unknown): error is CodedError | GraphQLError {
  return error instanceof CodedError || error instanceof GraphQLError;
}

/** Makes an error name the REST field at fault instead of the GraphQL input. */
export function renameField(error: CodedError | GraphQLError, { fields }: Operation): GraphQLError {
  const { message, extensions } = error;
  const input = extensions['field'];
  const [field = input] = Object.entries(fields).find(([name, { input: own = name }]) => own === input) ?? [];
  return rewrite(error, message.replaceAll(`"${String(input)}"`, `"${String(field)}"`), { ...extensions, field });
}

/** Makes an error say which item of an array is at fault. */
export function prefixItem(error: unknown, place: string): unknown {
  return isExpected(error) ? rewrite(error, `${place}: ${error.message}`, error.extensions) : error;
}

function rewrite(originalError: Error, message: string, extensions: Record<string, unknown>): GraphQLError {
  return new GraphQLError(message, { originalError, extensions });
}
