import { GraphQLError, type ExecutionResult } from 'graphql';
import type { Context } from '../context.ts';
import { CodedError, errorStatus, ServiceUnavailableError } from '../errors.ts';

/** Masks unexpected errors: the client sees only a CodedError, or a GraphQLError that was thrown as such. */
export function maskUnexpected(error: unknown): GraphQLError {
  const cause = rootCause(error);
  if (cause instanceof CodedError || cause instanceof GraphQLError) {
    return error instanceof GraphQLError ? error : new GraphQLError(cause.message, { originalError: cause });
  }
  const { nodes = null, path = null } = error instanceof GraphQLError ? error : {};
  const originalError = error instanceof Error ? error : new Error(String(error));
  const message = 'Something went wrong on our side. Try again, or report the X-Request-Id of this response.';
  return new GraphQLError(message, { nodes, path, originalError, extensions: { code: 'INTERNAL_SERVER_ERROR' } });
}

/** The maximum number of errors in a response. */
export const maximumErrors = 10;

/** The maximum length of a message, in characters: graphql-js quotes what was sent. */
const maximumLength = 200;
/** What a longer message keeps of its start and its end. */
const [startLength, endLength] = [120, 77];

/** Gives each error of a result its code, makes them few and short, and logs those that operators should see. */
export function reportErrors(result: ExecutionResult, { log, logOutage }: Context): ExecutionResult {
  const { errors } = result;
  if (!errors) return result;
  for (const error of errors) {
    const code = codeOf(error);
    const cause = rootCause(error);
    if (code === 'INTERNAL_SERVER_ERROR') log.error({ err: cause }, 'unexpected error');
    else if (cause instanceof ServiceUnavailableError) logOutage(cause);
    // The document or its variables are at fault: graphql-js gives no code, Yoga one of its own.
    else if (!(code in errorStatus)) error.extensions.code = 'BAD_USER_INPUT';
  }
  if (errors.length <= maximumErrors) return { ...result, errors: errors.map(shorten) };
  const shown = errors.slice(0, maximumErrors - 1).map(shorten);
  const { code } = errors[shown.length]?.extensions ?? {};
  const rest = new GraphQLError(`There are ${errors.length - shown.length} more errors.`, { extensions: { code } });
  return { ...result, errors: [...shown, rest] };
}

/** Cuts the middle out of a long message: its start and its end say what is wrong. */
function shorten(error: GraphQLError): GraphQLError {
  const { message, nodes = null, path = null, originalError = null, extensions } = error;
  if (message.length <= maximumLength) return error;
  const short = `${message.slice(0, startLength)} … ${message.slice(-endLength)}`.toWellFormed();
  return new GraphQLError(short, { nodes, path, originalError, extensions });
}

export function codeOf({ extensions }: GraphQLError): string {
  return String(extensions.code);
}

/** The HTTP status and headers of an error that refuses a request. */
export function httpOf(error: GraphQLError): { status: number; headers: Record<string, string> } {
  const cause = rootCause(error);
  if (cause instanceof CodedError) return { status: cause.status, headers: cause.headers };
  if (codeOf(error) === 'INTERNAL_SERVER_ERROR') return { status: 500, headers: {} };
  // Yoga's own refusals, such as that of a mutation by GET.
  const { status = 400, headers = {} } = error.extensions.http ?? {};
  return { status, headers };
}

/** The error underneath those that graphql-js and `maskUnexpected` wrapped around it. */
export function rootCause(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? rootCause(error.originalError) : error;
}
