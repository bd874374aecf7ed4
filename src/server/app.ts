import type { IncomingMessage, RequestListener } from 'node:http';
import { createTokenVerifier } from '../auth/token-verifier.ts';
import { isAdministrator } from '../auth/viewer.ts';
import type { Config } from '../config.ts';
import type { Context, SignIn } from '../context.ts';
import { databaseFor, type Database } from '../database/database.ts';
import { createRateLimit } from '../domain/rate-limit.ts';
import { CodedError, ServiceUnavailableError } from '../errors.ts';
import { createTrustedDocuments } from '../graphql/documents/trusted.ts';
import { maskUnexpected } from '../graphql/errors.ts';
import { createGraphiQL, scriptPath } from '../graphql/graphiql.ts';
import { asksForPage } from '../graphql/media-types.ts';
import { itemLimit } from '../graphql/schema/connection.ts';
import { createSchema } from '../graphql/schema/schema.ts';
import { createGraphQLServer } from '../graphql/server.ts';
import type { Logger } from '../observability/log.ts';
import { createOutageLog } from '../observability/outage-log.ts';
import { logRequest } from '../observability/request-log.ts';
import { toResponseStatus } from '../rest/errors.ts';
import { createOpenApiHandler } from '../rest/openapi.ts';
import { writeJson } from '../rest/response.ts';
import { createRestApi } from '../rest/rest-api.ts';
import { mediaTypeOf, readBody } from './bodies.ts';
import { limitReading } from './connection-limits.ts';
import { createCors } from './cors.ts';
import { warnOfOddValues } from './odd-values.ts';
import { createReadinessCheck } from './readiness.ts';
import { chooseRequestId, readTraceParent } from './request-id.ts';
import { createRunningRequests } from './running-requests.ts';

interface AppOptions {
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
  warnOfOddValues(config, log);
  const verifyToken = createTokenVerifier(config, secret);
  const rateLimit = createRateLimit(config.RATE_LIMIT);
  const checkReadiness = createReadinessCheck(database, stopping);
  const openSlot = createRunningRequests();
  const allowOrigin = createCors(config.CORS_ORIGINS, log);
  const logOutage = createOutageLog(log);
  const schema = createSchema();

  const signIn: SignIn = async (authorization, context) => {
    context.viewer = await verifyToken(authorization, context.log);
    if (!isAdministrator(context.viewer)) context.admit();
    if (!context.viewer) return;
    context.logFields.viewer = context.viewer.id;
    context.database = databaseFor(database, context.viewer.id);
  };

  const isOpen = config.GRAPHIQL;
  const graphiql = isOpen ? createGraphiQL(accountId, verifyToken) : undefined;
  const { TRUSTED_DOCUMENTS: manifest, TRUSTED_DOCUMENTS_ONLY: isOnly } = config;
  const trusted = manifest && createTrustedDocuments({ manifest, isOnly }, schema, isOpen, log);
  const graphql = createGraphQLServer({ schema, signIn, isOpen, trusted, usesBeforeCompilation });
  const answerRest = createRestApi(signIn, graphql.execute, isOpen);
  const answerOpenApi = createOpenApiHandler(schema, signIn, isOpen);

  return async (request, response) => {
    const { path, api } = routeOf(request);
    const requestId = chooseRequestId(request);
    const slot = openSlot();
    const context: Context = {
      headers: request.headers,
      responseHeaders: { 'X-Request-Id': requestId, ...safeHeaders },
      mediaType: mediaTypeOf(request),
      readBody: () => readBody(request, response),
      database: databaseFor(database, ''),
      viewer: null,
      log: log.child({ requestId, ...readTraceParent(request) }),
      logFields: {},
      logOutage,
      rateLimit,
      itemsLeft: itemLimit,
      isTrusted: false,
      cost: 0,
      admit: () => slot.take(context.viewer),
      admitStream: () => slot.takeStream(context.viewer),
    };
    const { responseHeaders, logFields } = context;
    const isOperation = api === 'graphql' && request.method === 'POST';
    if (!isOperation) response.setHeaders(new Map(Object.entries(responseHeaders)));
    logRequest(request, response, { path, api, log: context.log, logFields });
    // Node.js leaves out the body.
    if (request.method === 'HEAD') request.method = 'GET';
    try {
      if (allowOrigin(request, response)) response.writeHead(204).end();
      else if (graphiql && path === '/') response.writeHead(302, { Location: '/graphql' }).end();
      else if (graphiql && path.startsWith(scriptPath)) await graphiql.answerScript(request, response, context);
      else if (graphiql && api === 'graphql' && asksForPage(request))
        await graphiql.answerPage(request, response, context);
      else if (api === 'graphql') await graphql.answer(request, response, context);
      else if (path === '/openapi.json') await answerOpenApi(request, response, context);
      else if (path === '/health') writeJson(response, 200, { status: 'alive' });
      else if (path === '/ready') {
        const { isReady, status } = await checkReadiness();
        writeJson(response, isReady ? 200 : 503, { status });
      } else if (api === 'rest') await answerRest(request, response, context);
      else writeJson(response, 404, { message: 'Nothing is here. The GraphQL API is at /graphql.' });
    } catch (error) {
      const isExpected = error instanceof CodedError;
      if (error instanceof ServiceUnavailableError) logOutage(error);
      logFields.errors = [isExpected ? error.extensions.code : 'INTERNAL_SERVER_ERROR'];
      if (isExpected)
        return writeJson(response, error.status, { message: error.message }, { ...responseHeaders, ...error.headers });
      context.log.error({ err: error }, 'unexpected error');
      if (response.headersSent) response.destroy();
      else writeJson(response, 500, { message: maskUnexpected(error).message }, responseHeaders);
    } finally {
      limitReading(response);
      // A response that is not yet read holds memory, and so its slot.
      if (response.closed) slot.leave();
      else response.once('close', () => slot.leave());
    }
  };
}

/** Makes the handler of all requests until the database is open. */
export function answerWhileStarting(status: string, log: Logger): RequestListener {
  const error = new ServiceUnavailableError('The server', undefined, `is starting: ${status}`);
  const masked = maskUnexpected(error);
  const bodies = { graphql: { errors: [masked] }, rest: toResponseStatus(masked), other: { message: error.message } };
  return (request, response) => {
    const { path, api } = routeOf(request);
    const errors = path === '/health' ? [] : [error.extensions.code];
    logRequest(request, response, { path, api, log, logFields: { errors } });
    if (path === '/health') return writeJson(response, 200, { status: 'alive' });
    writeJson(response, error.status, path === '/ready' ? { status } : bodies[api], error.headers);
  };
}

const safeHeaders = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

/** The path of a request, and the API that it belongs to. */
function routeOf({ url = '/' }: IncomingMessage): { path: string; api: 'graphql' | 'rest' | 'other' } {
  const [path = '/'] = url.split('?', 1);
  if (path === '/graphql') return { path, api: 'graphql' };
  return { path, api: /^\/(ai|accounts|api|json)\b/i.test(path) ? 'rest' : 'other' };
}
