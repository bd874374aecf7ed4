import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import { getOperationAST } from 'graphql';
import { createYoga, type GraphiQLOptions, type Plugin } from 'graphql-yoga';
import type { TokenVerifier } from '../auth/token-verifier.ts';
import { CodedError } from '../errors.ts';
import type { Context } from './builder.ts';
import { maskUnexpected, reportErrors } from './error-reporting.ts';
import { createSchema } from './schema.ts';

export interface GraphQLOptions {
  verifyToken: TokenVerifier;
  /** Origins that browsers may call from. */
  corsOrigins: string[];
  /** What GraphiQL opens with, given the token in its URL; undefined: there is no GraphiQL. */
  graphiql: ((token: string | null) => Promise<GraphiQLOptions>) | undefined;
}

/** Makes the server of GraphQL over HTTP, at /graphql. */
export function createGraphQLServer({ verifyToken, corsOrigins, graphiql }: GraphQLOptions) {
  return createYoga<Context>({
    schema: createSchema(),
    maskedErrors: { maskError: maskUnexpected },
    graphiql: graphiql ? (request) => graphiql(new URL(request.url).searchParams.get('token')) : false,
    renderGraphiQL,
    cors: corsOrigins.length > 0 && { origin: corsOrigins, methods: ['GET', 'POST'], credentials: false },
    maxRequestBodySize: 100_000,
    multipart: false,
    landingPage: false,
    logging: false,
    plugins: [useJsonOnly(), useAuthentication(verifyToken), useTrace(), useErrorReporting()],
  });
}

/** Yoga would also take forms and bare documents, which a foreign page may send without a preflight. */
function useJsonOnly(): Plugin<object, Context> {
  return {
    onRequestParse({ request }) {
      const [mediaType] = (request.headers.get('content-type') ?? '').toLowerCase().split(';');
      if (request.method !== 'POST' || mediaType?.trim() === 'application/json') return;
      throw new CodedError('BAD_USER_INPUT', 'Send JSON, with the header Content-Type: application/json.', {
        status: 415,
      });
    },
  };
}

function useAuthentication(verifyToken: TokenVerifier): Plugin<object, Context> {
  return {
    async onRequestParse({ request, serverContext }) {
      serverContext.viewer = await verifyToken(request.headers.get('authorization'));
      if (serverContext.viewer) serverContext.trace.caller = serverContext.viewer.id;
    },
  };
}

/** Notes the type of the operation and what its author called it. */
function useTrace(): Plugin<Context, Context> {
  return {
    onExecute({ args: { document, operationName }, context }) {
      const { operation, name } = getOperationAST(document, operationName) ?? {};
      context.trace.operation = `${operation} ${name?.value ?? ''}`.slice(0, 100).trim();
    },
  };
}

function useErrorReporting(): Plugin<object, Context> {
  return {
    onResultProcess({ result, serverContext }) {
      if ('errors' in result) reportErrors(result, serverContext.log);
    },
  };
}
