import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { GraphQLError, type ExecutionResult } from 'graphql';
import { CodedError } from '../errors.ts';
import type { Context } from '../graphql/builder.ts';
import { innermost, maskUnexpected } from '../graphql/error-reporting.ts';
import { chooseFormat, mediaTypes, writeAnswer } from './formats.ts';
import { type Fields, type Operation } from './operations.ts';
import { fromTexts, readItems, readVariables } from './request-fields.ts';
import { findRoute } from './routes.ts';

/**
 * Makes the handler of the HTTP face: each request runs a GraphQL operation, so that rules and checks are the schema's.
 * @param signIn notes in the context who sends a request
 */
export function createHttpFace(
  signIn: (authorization: string | undefined, context: Context) => Promise<void>,
  run: (operation: { query: string; variables: Fields }, context: Context) => Promise<ExecutionResult>,
) {
  async function answerItem(operation: Operation, sources: Fields[], context: Context): Promise<unknown> {
    const execute = async (variables: Fields) => {
      const result = await run({ query: operation.document, variables }, context);
      if (result.errors?.[0]) throw forClients(result.errors[0], operation);
      return result.data ?? {};
    };
    const { variables, flags } = readVariables(operation, sources);
    const answer = operation.answer ?? (async () => Object.values(await execute(variables))[0]);
    const value = await answer(execute, variables, flags);
    if (value !== null) return value;
    throw forClients(new CodedError('NOT_FOUND', 'Nothing has this "id".', { field: 'id' }), operation);
  }

  async function answerRequest(request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> {
    await signIn(request.headers.authorization, context);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const { operation, fields, suffix, takesItems } = findRoute(request.method ?? '', pathname);
    const [, asked] = [...searchParams].find(([name]) => name.toLowerCase() === 'format') ?? [];
    const format = chooseFormat(suffix ?? asked, request);
    const items = /^(POST|PATCH)$/.test(request.method ?? '') ? await readItems(request) : [{}];
    if (!takesItems && items.length !== 1)
      throw new CodedError('BAD_USER_INPUT', 'Send one item, or add [] to the route.');
    const itemLimit = operation.isList ? 10 : 1000;
    if (items.length > itemLimit) throw new CodedError('BAD_USER_INPUT', `Send at most ${itemLimit} items.`);
    const key = request.headers['idempotency-key'];
    const answers: unknown[] = [];
    for (const [index, item] of items.entries()) {
      // Each item needs a key of its own, which a retry of the whole list makes again.
      const itemKey = takesItems ? hash('sha256', `${index} ${String(key)}`) : key;
      const sources = [fromTexts(searchParams), item, fields, key === undefined ? {} : { idempotencyKey: itemKey }];
      const answer = answerItem(operation, sources, context);
      answers.push(
        await (takesItems ? answer.catch((error: unknown) => Promise.reject(ofItem(error, index))) : answer),
      );
    }
    if (answers.length > 0 && answers[0] === undefined) return void response.writeHead(204).end();
    if (format === 'csv') response.setHeader('Content-Disposition', `attachment; filename="${operation.name}.csv"`);
    response.writeHead(200, { 'Content-Type': `${mediaTypes[format]}; charset=utf-8` });
    response.end(writeAnswer(takesItems ? answers : answers[0], format));
  }

  return async (request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> => {
    response.appendHeader('Vary', 'Accept');
    try {
      await answerRequest(request, response, context);
    } catch (error) {
      answerError(error, response, context);
    }
  };
}

const errorCodes: Record<string, string> = {
  BAD_USER_INPUT: 'BadRequest',
  UNAUTHENTICATED: 'Unauthorized',
  FORBIDDEN: 'Invalid Role',
  NOT_FOUND: 'NotFound',
  IDEMPOTENCY_KEY_REUSED: 'IdempotencyKeyReused',
  RATE_LIMITED: 'TooManyRequests',
  SERVICE_UNAVAILABLE: 'ServiceUnavailable',
};

/** Tells an error as clients of ServiceStack know it, in JSON whatever was asked for. */
function answerError(error: unknown, response: ServerResponse, { log }: Context): void {
  if (!(error instanceof GraphQLError)) log.error({ err: error }, 'unexpected error');
  const { message, extensions } = error instanceof GraphQLError ? error : maskUnexpected(error);
  const errorCode = errorCodes[String(extensions.code)] ?? 'InternalServerError';
  const cause = innermost(error);
  const { status, headers } =
    cause instanceof CodedError ? cause : { status: errorCode === 'BadRequest' ? 400 : 500, headers: {} };
  const errors = extensions.field === undefined ? [] : [{ errorCode, fieldName: extensions.field, message }];
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', ...headers });
  response.end(JSON.stringify({ responseStatus: { errorCode, message, errors } }));
}

/** Tells an error with the names that HTTP clients know. */
function forClients(error: GraphQLError, { names = {} }: Operation): GraphQLError {
  const nameOf = (input: string) => (Object.hasOwn(names, input) ? String(names[input]) : input);
  const [, variable] = /^Variable "\$(\w+)"/.exec(error.message) ?? [];
  const field = typeof error.extensions.field === 'string' ? error.extensions.field : variable;
  if (field === undefined) return error;
  const message = error.message.replaceAll(`"${variable ? '$' : ''}${field}"`, `"${nameOf(field)}"`);
  return new GraphQLError(message, { originalError: error, extensions: { ...error.extensions, field: nameOf(field) } });
}

function ofItem(error: unknown, index: number): unknown {
  if (!(error instanceof GraphQLError)) return error;
  return new GraphQLError(`Item ${index + 1}: ${error.message}`, {
    originalError: error,
    extensions: error.extensions,
  });
}
