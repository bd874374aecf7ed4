import type { IncomingMessage, ServerResponse } from 'node:http';
import { GraphQLError, type ExecutionResult, type GraphQLSchema } from 'graphql';
import { createYoga, type GraphQLParams } from 'graphql-yoga';
import Negotiator from 'negotiator';
import type { Context } from '../context.ts';
import { CodedError } from '../errors.ts';
import type { Logger } from '../observability/log.ts';
import { describeError, traceOperation } from '../observability/traces.ts';
import { useCompilation } from './compilation.ts';
import { createDocumentCache } from './document-cache.ts';
import { codeOf, maskUnexpected, reportErrors, statusOf, type Phase } from './errors.ts';
import type { GraphiQL } from './graphiql.ts';
import { useLimits } from './limits.ts';
import { useOperationLog } from '../observability/operation-log.ts';
import { createOutageLog } from '../observability/outage-log.ts';

export interface GraphQLOptions {
  schema: GraphQLSchema;
  /** For lines that belong to no single request. */
  log: Logger;
  /** Sets the viewer of the context. */
  signIn: (authorization: string | undefined, context: Context) => Promise<void>;
  /** Answers with GraphiQL, given the token in its URL; undefined: there is no GraphiQL. */
  graphiql: GraphiQL | undefined;
  /** How often a document is executed before it is compiled. */
  usesBeforeCompilation?: number | undefined;
}

/** Makes the server of GraphQL over HTTP, at /graphql (https://graphql.github.io/graphql-over-http/draft/). */
export function createGraphQLServer({ schema, log, signIn, graphiql, usesBeforeCompilation = 9 }: GraphQLOptions) {
  const logOutage = createOutageLog(log);
  const yoga = createYoga<Context>({
    schema,
    maskedErrors: { maskError: maskUnexpected },
    logging: false,
    plugins: [useOperationLog(), ...useLimits(graphiql !== undefined), useCompilation(usesBeforeCompilation)],
    parserAndValidationCache: createDocumentCache(),
  });

  /**
   * Runs an operation for the viewer of the context. Yoga parses, validates and executes it. We skip Yoga's copies of
   * request and response, which took most of the time.
   * @param request tells whether the operation came by GET, and so must be a query
   * @throws GraphQLError when the parameters are not valid
   */
  async function execute(params: GraphQLParams, context: Context, request = byPost): Promise<ExecutionResult> {
    if (!params.query && params.extensions?.['persistedQuery']) {
      // Clients know this message and code, and send the text then.
      throw new CodedError('PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported');
    }
    return traceOperation(context.headers, async () => {
      const result = await yoga.getResultForParams({ params, request }, context);
      if (!result || Symbol.asyncIterator in result) throw new Error('an operation did not return one result');
      const reported = reportErrors(result, context.log, logOutage);
      if (reported.errors?.[0]) describeError(codeOf(reported.errors[0]));
      return reported;
    });
  }

  async function run(request: IncomingMessage, context: Context): Promise<{ result: ExecutionResult; phase: Phase }> {
    try {
      await signIn(request.headers.authorization, context);
      const params = await readParameters(request, context);
      // Yoga takes an operationName of any type, and finds no such operation.
      if (typeof (params.operationName ?? '') !== 'string')
        throw new CodedError('BAD_USER_INPUT', '"operationName" must be a text.');
      context.takePlace();
      const result = await execute(params, context, request.method === 'GET' ? byGet : byPost);
      return { result: limitSize(result, context.cost), phase: 'operation' };
    } catch (error) {
      const result = reportErrors({ errors: [maskUnexpected(error)] }, context.log, logOutage);
      return { result, phase: 'request' };
    }
  }

  async function answerOperation(request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> {
    const mediaType = new Negotiator(request).mediaType(mediaTypes) ?? 'application/json';
    const { result, phase } = await run(request, context);
    if (result.errors) context.logFields.errors = [...new Set(result.errors.map(codeOf))];
    const { status, headers } = statusOf(result, phase, mediaType);
    const body = writeResult(result);
    const length = Buffer.byteLength(body);
    response.writeHead(status, { ...headers, 'Content-Type': `${mediaType}; charset=utf-8`, 'Content-Length': length });
    response.end(body);
  }

  return {
    execute,
    async answer(request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> {
      const { method, headers, url = '/' } = request;
      if (!graphiql || method !== 'GET' || !headers.accept?.includes('text/html')) {
        return answerOperation(request, response, context);
      }
      context.takePlace();
      await graphiql(new URL(url, 'http://localhost').searchParams.get('token'), response);
    },
  };
}

const mediaTypes = ['application/json', 'application/graphql-response+json'];
const byPost = new Request('http://localhost/graphql', { method: 'POST' });
const byGet = new Request('http://localhost/graphql');

async function readParameters(request: IncomingMessage, { mediaType, readBody }: Context): Promise<GraphQLParams> {
  const { method, url = '/' } = request;
  if (method === 'GET') {
    const { variables, extensions, ...texts } = Object.fromEntries(new URL(url, 'http://localhost').searchParams);
    return { ...texts, variables: parseJson(variables ?? 'null'), extensions: parseJson(extensions ?? 'null') };
  }
  if (method !== 'POST') {
    const allow = { status: 405, headers: { Allow: 'GET, POST' } };
    throw new CodedError('BAD_USER_INPUT', 'Send operations by POST, or queries by GET.', allow);
  }
  const body = await readBody();
  // A foreign page may send forms and plain text without a preflight, so we refuse them.
  if (mediaType === 'application/json') return parseJson(body) ?? {};
  throw new CodedError('BAD_USER_INPUT', 'Send JSON, with the header Content-Type: application/json.', { status: 415 });
}

function parseJson(text: string) {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CodedError('BAD_USER_INPUT', 'The request is not valid JSON.', { cause });
  }
}

/** The maximum size of a response, in bytes. */
const maximumSize = 20_000_000;
/** What costs less cannot reach it, because the longest value is a purpose, of 12 kB at most in JSON. */
const safeCost = 1600;

function limitSize(result: ExecutionResult, cost: number): ExecutionResult {
  if (cost < safeCost || sizeOf(result.data) <= maximumSize) return result;
  const message = 'The response would be over 20 MB. Ask for fewer items or fields. What the operation wrote is saved.';
  return { data: null, errors: [new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } })] };
}

/** How many bytes a value takes as JSON, or more than the maximum. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(JSON.stringify(value));
  if (typeof value !== 'object' || value === null) return 5;
  let size = 2;
  for (const [name, part] of Object.entries(value)) {
    size += name.length + 4 + sizeOf(part);
    if (size > maximumSize) break;
  }
  return size;
}

/** Writes a result without `extensions.http`, which is Yoga's way to pass a status on. */
function writeResult({ data, errors }: ExecutionResult): string {
  if (!errors) return JSON.stringify({ data });
  const withoutHttp = errors.map((error) => ({
    ...error.toJSON(),
    extensions: { ...error.extensions, http: undefined },
  }));
  return JSON.stringify({ errors: withoutHttp, data });
}
