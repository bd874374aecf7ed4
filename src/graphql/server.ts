import type { IncomingMessage, ServerResponse } from 'node:http';
import { getOperationAST, type ExecutionResult, type GraphQLSchema } from 'graphql';
import { createYoga, type GraphiQLOptions, type GraphQLParams, type Plugin } from 'graphql-yoga';
import Negotiator from 'negotiator';
import { CodedError } from '../errors.ts';
import { mediaTypeOf, readBody } from '../request-body.ts';
import { traceOperation, type Context } from './builder.ts';
import { useCompilation } from './compilation.ts';
import { operationItemLimit } from './connection.ts';
import { httpStatus, maskUnexpected, reportErrors, withoutSuggestions } from './error-reporting.ts';
import { createDocumentCaches, useClosedSchema, useLimits } from './limits.ts';

export interface GraphQLOptions {
  schema: GraphQLSchema;
  /** Notes in the context who sends a request. */
  signIn: (authorization: string | null | undefined, context: Context) => Promise<void>;
  /** What GraphiQL opens with, given the token in its URL; undefined: there is no GraphiQL. */
  graphiql: ((token: string | null) => Promise<GraphiQLOptions>) | undefined;
}

/** Makes the server of GraphQL over HTTP, at /graphql (https://graphql.github.io/graphql-over-http/draft/). */
export function createGraphQLServer({ schema, signIn, graphiql }: GraphQLOptions) {
  const yoga = createYoga<Context>({
    schema,
    maskedErrors: { maskError: maskUnexpected },
    logging: false,
    plugins: [useCompilation(), useTrace(), ...useLimits(), ...(graphiql ? [] : [useClosedSchema()])],
    parserAndValidationCache: createDocumentCaches(),
  });

  /**
   * Runs an operation for the viewer of the context. Yoga parses, validates and executes it; its copies of request and
   * response, which took most of the time, are left out.
   * @param request tells whether it came by GET, and so may not change anything
   * @throws GraphQLError when the parameters are not valid
   */
  async function execute(params: GraphQLParams, context: Context, request = byPost): Promise<ExecutionResult> {
    context.itemsLeft = operationItemLimit;
    const result = await yoga.getResultForParams({ params, request }, context);
    if (!result || Symbol.asyncIterator in result) throw new Error('an operation did not give one result');
    reportErrors(result, context.log);
    return graphiql ? result : withoutSuggestions(result);
  }

  async function answerOperation(request: IncomingMessage, context: Context): Promise<ExecutionResult> {
    try {
      await signIn(request.headers.authorization, context);
      return await execute(await readParameters(request), context, request.method === 'GET' ? byGet : byPost);
    } catch (error) {
      const masked = maskUnexpected(error);
      // Nothing was executed: whatever the media type, the request itself was at fault.
      masked.extensions.http = { ...masked.extensions.http, spec: false };
      reportErrors({ errors: [masked] }, context.log);
      return { errors: [masked] };
    }
  }

  return {
    execute,
    async answer(request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> {
      const { method, headers, url = '/' } = request;
      if (graphiql && method === 'GET' && headers.accept?.includes('text/html')) {
        const token = new URL(url, 'http://localhost').searchParams.get('token');
        // It holds 9 MB of text, which those who serve no GraphiQL need not load.
        const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
        const page = renderGraphiQL(await graphiql(token));
        return void response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(page);
      }
      const mediaType = new Negotiator(request).mediaType(mediaTypes) ?? 'application/json';
      const result = await answerOperation(request, context);
      const status = httpStatus(result, mediaType);
      const body = writeResult(result);
      const length = Buffer.byteLength(body);
      response.writeHead(status.status, {
        ...status.headers,
        'Content-Type': `${mediaType}; charset=utf-8`,
        'Content-Length': length,
      });
      response.end(body);
    },
  };
}

const mediaTypes = ['application/json', 'application/graphql-response+json'];
const byPost = new Request('http://localhost/graphql', { method: 'POST' });
const byGet = new Request('http://localhost/graphql');

async function readParameters(request: IncomingMessage): Promise<GraphQLParams> {
  const { method, url = '/' } = request;
  if (method === 'GET') {
    const { variables, extensions, ...texts } = Object.fromEntries(new URL(url, 'http://localhost').searchParams);
    return { ...texts, variables: parseJson(variables ?? 'null'), extensions: parseJson(extensions ?? 'null') };
  }
  if (method !== 'POST') {
    const allow = { status: 405, headers: { Allow: 'GET, POST' } };
    throw new CodedError('BAD_USER_INPUT', 'Send operations by POST, or queries by GET.', allow);
  }
  const body = await readBody(request);
  // A foreign page may send forms and bare texts without a preflight: they are refused.
  if (mediaTypeOf(request) === 'application/json') return parseJson(body) ?? {};
  throw new CodedError('BAD_USER_INPUT', 'Send JSON, with the header Content-Type: application/json.', { status: 415 });
}

function parseJson(text: string) {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CodedError('BAD_USER_INPUT', 'What was sent is not valid JSON.', { cause });
  }
}

function writeResult({ data, errors }: ExecutionResult): string {
  if (!errors) return JSON.stringify({ data });
  const withoutHttp = errors.map((error) => ({
    ...error.toJSON(),
    extensions: { ...error.extensions, http: undefined },
  }));
  return JSON.stringify({ errors: withoutHttp, data });
}

function useTrace(): Plugin<Context, Context> {
  return {
    onExecute({ args: { document, operationName }, context }) {
      const operation = getOperationAST(document, operationName);
      if (operation) traceOperation(context, operation);
    },
  };
}
