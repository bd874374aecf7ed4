import { GraphQLError, type ExecutionResult } from 'graphql';
import { CodedError, errorStatus } from '../errors.ts';
import type { Logger } from '../log.ts';

/** Hides what was not meant for clients: all but a GraphQLError that somebody threw as such. */
export function maskUnexpected(error: unknown): Error {
  if (error instanceof GraphQLError && innermost(error) instanceof GraphQLError) return error;
  const { nodes, path } = error instanceof GraphQLError ? error : {};
  return new GraphQLError('Something went wrong on our side. Try again, or report the X-Request-Id of this answer.', {
    nodes: nodes ?? null,
    path: path ?? null,
    originalError: error instanceof Error ? error : new Error(String(error)),
    extensions: { code: 'INTERNAL_SERVER_ERROR' },
  });
}

/**
 * Gives every error of a result a code of this API, and logs what was masked. Where there are no data, the status and
 * the headers of the first error become those of the answer.
 */
export function reportErrors(result: ExecutionResult, log: Logger): void {
  for (const error of result.errors ?? []) {
    const { extensions } = error;
    const cause = innermost(error);
    if (extensions.code === 'INTERNAL_SERVER_ERROR') log.error({ err: cause }, 'unexpected error');
    else if (extensions.code === 'SERVICE_UNAVAILABLE') log.warn({ err: cause }, 'service unavailable');
    else if (!(String(extensions.code) in errorStatus)) {
      // The document or its variables were at fault: graphql-js gives no code, Yoga one of its own.
      extensions.code = 'BAD_USER_INPUT';
      extensions.http ??= { spec: true, status: 400 };
    }
  }
  const [first] = result.errors ?? [];
  if (!first || result.data) return;
  const cause = innermost(first);
  if (cause instanceof CodedError) result.extensions = { http: { status: cause.status, headers: cause.headers } };
  else if (first.extensions.code === 'INTERNAL_SERVER_ERROR') result.extensions = { http: { status: 500 } };
}

/** The error underneath those that graphql-js and `maskUnexpected` wrapped around it. */
function innermost(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? innermost(error.originalError) : error;
}
