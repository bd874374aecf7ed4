import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionResult, GraphQLSchema } from 'graphql';
import { createYoga, type GraphQLParams } from 'graphql-yoga';
import Negotiator from 'negotiator';
import type { Context, SignIn } from '../context.ts';
import { CodedError } from '../errors.ts';
import { useOperationLog } from '../observability/operation-log.ts';
import { describeError, traceOperation } from '../observability/traces.ts';
import { useCompilation } from './compilation.ts';
import { createDocumentCache } from './document-cache.ts';
import { codeOf, httpOf, maskUnexpected, reportErrors } from './errors.ts';
import type { GraphiQL } from './graphiql.ts';
import { limitSize, useLimits } from './limits.ts';
import { outcomeOf, statusOf, type Outcome } from './outcome.ts';

interface GraphQLOptions {
  schema: GraphQLSchema;
  signIn: SignIn;
  /** Undefined: there is no GraphiQL. */
  graphiql: GraphiQL | undefined;
  /** How often a document is executed before it is compiled. */
  usesBeforeCompilation?: number | undefined;
}

/** Makes the server of GraphQL over HTTP, at /graphql (https://graphql.github.io/graphql-over-http/draft/). */
export function createGraphQLServer({ schema, signIn, graphiql, usesBeforeCompilation }: GraphQLOptions) {
  const yoga = createYoga<Context>({
    schema,
    maskedErrors: { maskError: maskUnexpected },
    logging: false,
    plugins: [useOperationLog(), ...useLimits(graphiql !== undefined), useCompilation(usesBeforeCompilation)],
    parserAndValidationCache: createDocumentCache(),
  });

  /**
   * Runs an operation for the viewer of the context. Yoga parses, validates and executes it. We skip Yoga's copies of
   * request and response, which take most of its time.
   * @param request tells whether the operation came by GET, and so must be a query
   * @throws GraphQLError when the parameters are not valid
   */
  async function execute(params: GraphQLParams, context: Context, request = byPost): Promise<ExecutionResult> {
    if (!params.query && params.extensions?.['persistedQuery']) {
      // Clients know this message and code, and then send the document.
      throw new CodedError('PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported');
    }
    return traceOperation(context.headers, async () => {
      const result = await yoga.getResultForParams({ params, request }, context);
      if (!result || Symbol.asyncIterator in result) throw new Error('an operation did not return one result');
      const reported = reportErrors(result, context);
      if (reported.errors?.[0]) describeError(codeOf(reported.errors[0]));
      return reported;
    });
  }

  async function run(request: IncomingMessage, context: Context): Promise<Outcome> {
    try {
      await signIn(request.headers.authorization, context);
      const params = await readParameters(request, context);
      context.admit();
      const result = await execute(params, context, request.method === 'GET' ? byGet : byPost);
      return outcomeOf(limitSize(result, context.cost));
    } catch (error) {
      const masked = maskUnexpected(error);
      const result = reportErrors({ errors: [masked] }, context);
      return { kind: 'refused', result, ...httpOf(masked) };
    }
  }

  async function respond(request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> {
    const mediaType = new Negotiator(request).mediaType(mediaTypes) ?? 'application/json';
    const outcome = await run(request, context);
    const { errors } = outcome.result;
    if (errors) context.logFields.errors = [...new Set(errors.map(codeOf))];
    const body = writeResult(outcome.result);
    response.writeHead(statusOf(outcome, mediaType), {
      ...(outcome.kind === 'refused' && outcome.headers),
      'Content-Type': `${mediaType}; charset=utf-8`,
      'Content-Length': Buffer.byteLength(body),
    });
    response.end(body);
  }

  return {
    execute,
    async answer(request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> {
      const { method, headers } = request;
      if (!graphiql || method !== 'GET' || !headers.accept?.includes('text/html')) {
        return respond(request, response, context);
      }
      context.admit();
      await graphiql(searchParamsOf(request).get('token'), response);
    },
  };
}

const mediaTypes = ['application/json', 'application/graphql-response+json'];
const byPost = new Request('http://localhost/graphql', { method: 'POST' });
const byGet = new Request('http://localhost/graphql');

/** @throws BAD_USER_INPUT, with 405 for another method and 415 for another media type than JSON */
async function readParameters(request: IncomingMessage, context: Context): Promise<GraphQLParams> {
  const params = await (request.method === 'GET' ? readUrl(request) : readJson(request, context));
  // Yoga takes an operationName of any type, and finds no such operation.
  if (typeof (params.operationName ?? '') === 'string') return params;
  throw new CodedError('BAD_USER_INPUT', '"operationName" must be a string.');
}

function readUrl(request: IncomingMessage): GraphQLParams {
  const { variables, extensions, ...strings } = Object.fromEntries(searchParamsOf(request));
  return { ...strings, variables: parseJson(variables ?? 'null'), extensions: parseJson(extensions ?? 'null') };
}

async function readJson({ method }: IncomingMessage, { mediaType, readBody }: Context): Promise<GraphQLParams> {
  if (method !== 'POST') {
    const allow = { status: 405, headers: { Allow: 'GET, POST' } };
    throw new CodedError('BAD_USER_INPUT', 'Send operations by POST, or queries by GET.', allow);
  }
  const body = await readBody();
  // A foreign page may send forms and plain text without a preflight, so we refuse them.
  if (mediaType === 'application/json') return parseJson(body) ?? {};
  throw new CodedError('BAD_USER_INPUT', 'Send JSON, with the header Content-Type: application/json.', { status: 415 });
}

function searchParamsOf({ url = '/' }: IncomingMessage): URLSearchParams {
  return new URL(url, 'http://localhost').searchParams;
}

function parseJson(text: string) {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CodedError('BAD_USER_INPUT', 'The request is not valid JSON.', { cause });
  }
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
