import { GraphQLError, type ExecutionResult } from 'graphql';
import { CodedError, errorStatus } from '../errors.ts';
import type { Logger } from '../log.ts';

/** Hides what was not meant for clients: all but a GraphQLError that somebody threw as such. */
export function maskUnexpected(error: unknown): GraphQLError {
  if (error instanceof GraphQLError && innermost(error) instanceof GraphQLError) return error;
  const { nodes = null, path = null } = error instanceof GraphQLError ? error : {};
  const originalError = error instanceof Error ? error : new Error(String(error));
  const message = 'Something went wrong on our side. Try again, or report the X-Request-Id of this answer.';
  return new GraphQLError(message, { nodes, path, originalError, extensions: { code: 'INTERNAL_SERVER_ERROR' } });
}

/** Gives every error of a result a code of this API, and logs those of which operators should know. */
export function reportErrors({ errors = [] }: ExecutionResult, log: Logger): void {
  for (const error of errors) {
    const code = String(error.extensions.code);
    if (code === 'INTERNAL_SERVER_ERROR') log.error({ err: innermost(error) }, 'unexpected error');
    else if (code === 'SERVICE_UNAVAILABLE') log.warn({ err: innermost(error) }, 'service unavailable');
    // The document or its variables were at fault: graphql-js gives no code, Yoga one of its own.
    else if (!(code in errorStatus)) error.extensions.code = 'BAD_USER_INPUT';
  }
}

/** Leaves out what graphql-js tells of the schema to those who guess. */
export function withoutSuggestions(result: ExecutionResult): ExecutionResult {
  if (!result.errors) return result;
  const errors = result.errors.map((error) => {
    const message = error.message.replaceAll(/ Did you mean [^?]*\?/g, '');
    const { nodes = null, path = null, originalError = null, extensions } = error;
    return message === error.message ? error : new GraphQLError(message, { nodes, path, originalError, extensions });
  });
  return { ...result, errors };
}

/**
 * Chooses the status of a result: 200 where it has data, whatever errors stand beside them, and else that of its first
 * error. Faults of the document and its variables are 200 in the older media type, as its clients expect.
 * @see https://graphql.github.io/graphql-over-http/draft/#sec-Status-Codes
 */
export function httpStatus({ data, errors }: ExecutionResult, mediaType: string) {
  const [error] = errors ?? [];
  if (data || !error) return { status: 200, headers: {} };
  const cause = innermost(error);
  if (cause instanceof CodedError) return { status: cause.status, headers: cause.headers };
  if (error.extensions.code === 'INTERNAL_SERVER_ERROR') return { status: 500, headers: {} };
  const { status = 400, spec = false, headers = {} } = error.extensions.http ?? { spec: true };
  return { status: spec && mediaType === 'application/json' ? 200 : status, headers };
}

/** The error underneath those that graphql-js and `maskUnexpected` wrapped around it. */
export function innermost(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? innermost(error.originalError) : error;
}
