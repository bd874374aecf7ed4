import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createTokenVerifier } from '../auth/token-verifier.ts';
import { isAdministrator } from '../auth/viewer.ts';
import type { Config } from '../config.ts';
import type { Context, SignIn } from '../context.ts';
import { databaseFor, type Database } from '../database/database.ts';
import { createRateLimit } from '../domain/rate-limit.ts';
import { createGraphiQL, type GraphiQL } from '../graphql/graphiql.ts';
import { createSchema } from '../graphql/schema/schema.ts';
import { itemLimit } from '../graphql/schema/connection.ts';
import { createGraphQLServer } from '../graphql/server.ts';
import { CodedError } from '../errors.ts';
import type { Logger } from '../observability/log.ts';
import { errorsAnswered, requestDuration } from '../observability/metrics.ts';
import { createOpenApiHandler } from '../rest/openapi.ts';
import { createRestApi } from '../rest/rest-api.ts';
import { mediaTypeOf, readBody } from './bodies.ts';
import { limitReading } from './connection-limits.ts';
import { allowOrigin } from './cors.ts';
import { createReadinessCheck } from './readiness.ts';
import { createRunningRequests } from './running-requests.ts';

export interface AppOptions {
  config: Config;
  /** Signs HS256 tokens; undefined where the configuration names a key set. */
  secret: string | undefined;
  database: Database;
  log: Logger;
  /** The account for which GraphiQL's first operation opens a session. */
  accountId?: string | undefined;
  /** Aborted when the process is asked to stop. */
  stopping: AbortSignal;
  /** How often a document is executed before it is compiled; 9 times without it. */
  usesBeforeCompilation?: number | undefined;
}

/** Makes the handler of all requests: it gives each an id, routes it by its path, and logs it. */
export function createApp(options: AppOptions): RequestListener {
  const { config, secret, database, log, accountId, stopping, usesBeforeCompilation } = options;
  const verifyToken = createTokenVerifier(config, secret);
  const countCreation = createRateLimit(config.RATE_LIMIT);
  const checkReadiness = createReadinessCheck(database, stopping);
  const openPlace = createRunningRequests();
  const schema = createSchema();

  const signIn: SignIn = async (authorization, context) => {
    context.viewer = await verifyToken(authorization);
    if (!isAdministrator(context.viewer)) context.takePlace();
    if (!context.viewer) return;
    context.logFields.viewer = context.viewer.id;
    context.database = databaseFor(database, context.viewer.id);
  };

  const answerGraphiQL = createGraphiQL(accountId);
  const graphiql: GraphiQL = async (token, response) => {
    // The page gets the link's token only if it is valid: a link must not inject anything else.
    const viewer = token && (await verifyToken(`Bearer ${token}`).catch(() => null));
    await answerGraphiQL(token && !viewer ? undefined : token, response);
  };
  const page = config.GRAPHIQL ? graphiql : undefined;
  const graphql = createGraphQLServer({ schema, log, signIn, graphiql: page, usesBeforeCompilation });
  const answerRest = createRestApi(signIn, graphql.execute, config.GRAPHIQL);
  const answerOpenApi = createOpenApiHandler(schema, config.GRAPHIQL ? undefined : signIn);

  return async (request, response) => {
    const [path = '/'] = (request.url ?? '/').split('?', 1);
    const requestId = chooseRequestId(request);
    const place = openPlace();
    const context: Context = {
      headers: request.headers,
      mediaType: mediaTypeOf(request),
      readBody: () => readBody(request),
      database: databaseFor(database, ''),
      viewer: null,
      log: log.child({ requestId, ...traceOf(request) }),
      logFields: {},
      countCreation,
      itemsLeft: itemLimit,
      cost: 0,
      takePlace: () => place.take(context.viewer),
      takeStream: () => place.takeStream(context.viewer),
    };
    response.setHeader('X-Request-Id', requestId);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Referrer-Policy', 'no-referrer');
    response.setHeader('Cache-Control', 'no-store');
    const api = apiOf(path);
    noteWhenDone(request, response, { path, api }, context);
    try {
      if (allowOrigin(request, response, config.CORS_ORIGINS)) response.writeHead(204).end();
      else if (api === 'graphql') await graphql.answer(request, response, context);
      else if (path === '/openapi.json') await answerOpenApi(request, response, context);
      else if (path === '/health') answer(response, 200, { status: 'alive' });
      else if (path === '/ready') {
        const { isReady, status } = await checkReadiness();
        answer(response, isReady ? 200 : 503, { status });
      } else if (api === 'rest') await answerRest(request, response, context);
      else answer(response, 404, { message: 'Nothing is here. The GraphQL API is at /graphql.' });
    } catch (error) {
      const isExpected = error instanceof CodedError;
      context.logFields.errors = [isExpected ? error.extensions.code : 'INTERNAL_SERVER_ERROR'];
      if (isExpected) return answer(response, error.status, { message: error.message }, error.headers);
      context.log.error({ err: error }, 'unexpected error');
      response.destroy();
    } finally {
      limitReading(response);
      // An answer that is not yet read holds memory, and so its place.
      if (response.closed) place.leave();
      else response.once('close', () => place.leave());
    }
  };
}

/** Takes a proxy's request id, if it looks like one, so that the logs of both can be joined. */
function chooseRequestId({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}

function apiOf(path: string): 'graphql' | 'rest' | 'other' {
  if (path === '/graphql') return 'graphql';
  return /^\/(ai|accounts|api|json)\b/.test(path) ? 'rest' : 'other';
}

/** The position of the request in its client's trace, if it has one: https://www.w3.org/TR/trace-context/ */
function traceOf({ headers: { traceparent } }: IncomingMessage): { traceparent?: string } {
  const isValid =
    typeof traceparent === 'string' && /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/.test(traceparent);
  return isValid ? { traceparent } : {};
}

/** Logs and measures the request once its answer is sent. */
function noteWhenDone(
  { method }: IncomingMessage,
  response: ServerResponse,
  { path, api }: { path: string; api: string },
  { log, logFields }: Context,
): void {
  const start = performance.now();
  response.once('close', () => {
    const duration = performance.now() - start;
    const durationMs = Math.round(10 * duration) / 10;
    const message = response.writableFinished ? 'request' : 'request cut off';
    const status = response.writableFinished ? `${Math.floor(response.statusCode / 100)}xx` : 'cut off';
    requestDuration.observe({ api, status }, duration / 1000);
    for (const code of logFields.errors ?? []) errorsAnswered.inc({ api, code });
    log.info({ method, path: path.slice(0, 200), ...logFields, status: response.statusCode, durationMs }, message);
  });
}

function answer(response: ServerResponse, status: number, body: object, headers = {}): void {
  response
    .writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', ...headers })
    .end(JSON.stringify(body));
}
