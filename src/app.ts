import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createTokenVerifier } from './auth/token-verifier.ts';
import type { Config } from './config.ts';
import { allowOrigin } from './cors.ts';
import type { Database } from './database/database.ts';
import { isMigrated } from './database/migrations.ts';
import { serviceUnavailable } from './errors.ts';
import type { Context } from './graphql/builder.ts';
import { graphiqlOptions } from './graphql/graphiql.ts';
import { createGraphQLServer } from './graphql/server.ts';
import { createSchema } from './graphql/schema.ts';
import { createHttpFace } from './http/face.ts';
import { createOpenApi } from './http/openapi.ts';
import type { Logger } from './log.ts';
import { createRateLimit } from './rate-limit.ts';

export interface AppOptions {
  config: Config;
  /** Of HS256 tokens, where the configuration names no key set. */
  secret: string | undefined;
  database: Database;
  log: Logger;
  /** The account for which GraphiQL's first operation opens a session. */
  accountId?: string | undefined;
  /** Aborted when the process is asked to stop: from then on it is not ready. */
  stopping: AbortSignal;
}

/** How many requests are answered at a time. */
const maximumRunning = 1000;

/** Makes the handler of all requests: it gives each an id, answers it by its path, and logs it. */
export function createApp({ config, secret, database, log, accountId, stopping }: AppOptions): RequestListener {
  const verifyToken = createTokenVerifier(config, secret);
  const countCreation = createRateLimit(config.RATE_LIMIT);
  const schema = createSchema();
  const openApi = createOpenApi(schema);
  let running = 0;
  const signIn = async (authorization: string | null | undefined, context: Context) => {
    // More would only wait longer, and take memory while they wait.
    if (running > maximumRunning) throw serviceUnavailable('The server');
    context.viewer = await verifyToken(authorization);
    if (context.viewer) context.trace.caller = context.viewer.id;
  };
  // Only a token that is valid is written into the page: nothing else that a link could bring in.
  const openGraphiql = async (token: string | null) =>
    graphiqlOptions((await verifyToken(token && `Bearer ${token}`).catch(() => null)) && token, accountId);
  const graphql = createGraphQLServer({ schema, signIn, graphiql: config.GRAPHIQL ? openGraphiql : undefined });
  const answerHttp = createHttpFace(signIn, graphql.execute);

  let asking: Promise<boolean | undefined> | undefined;
  async function answerReadiness(response: ServerResponse): Promise<void> {
    if (stopping.aborted) return answer(response, 503, { status: 'stopping' });
    // However many ask at once, the database is asked once.
    asking ??= database
      .run(isMigrated)
      .catch(() => undefined)
      .finally(() => (asking = undefined));
    const isReady = await asking;
    const status =
      isReady === undefined ? 'the database does not answer' : 'the database is behind: run npm run migrate';
    answer(response, isReady ? 200 : 503, { status: isReady ? 'ready' : status });
  }

  return async (request, response) => {
    const [path = '/'] = (request.url ?? '/').split('?', 1);
    const requestId = chooseRequestId(request);
    const about = { log: log.child({ requestId }), trace: {} };
    const context: Context = { database, viewer: null, countCreation, itemsLeft: 0, ...about };
    running += 1;
    response.setHeader('X-Request-Id', requestId);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Referrer-Policy', 'no-referrer');
    response.setHeader('Cache-Control', 'no-store');
    if (stopping.aborted) response.setHeader('Connection', 'close');
    logWhenDone(request, response, path, context);
    try {
      if (allowOrigin(request, response, config.CORS_ORIGINS)) response.writeHead(204).end();
      else if (path === '/graphql') await graphql.answer(request, response, context);
      else if (path === '/openapi.json') answer(response, 200, openApi);
      else if (path === '/health') answer(response, 200, { status: 'alive' });
      else if (path === '/ready') await answerReadiness(response);
      else if (/^\/(ai|api|json)\//.test(path)) await answerHttp(request, response, context);
      else answer(response, 404, { message: 'Nothing is here. The GraphQL API is at /graphql.' });
    } catch (error) {
      context.log.error({ err: error }, 'unexpected error');
      response.destroy();
    } finally {
      running -= 1;
      // Nobody who stops reading an answer is waited for.
      if (response.writableLength > 0) response.setTimeout(60_000);
    }
  };
}

/** Takes the id that a proxy in front has given, if it looks like one, so that the logs of both can be joined. */
function chooseRequestId({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}

function logWhenDone(
  { method }: IncomingMessage,
  response: ServerResponse,
  path: string,
  { log, trace }: Context,
): void {
  const start = performance.now();
  response.once('close', () => {
    const durationMs = Math.round(10 * (performance.now() - start)) / 10;
    const message = response.writableFinished ? 'request' : 'request cut off';
    log.info({ method, path, ...trace, status: response.statusCode, durationMs }, message);
  });
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}
