import './commands/require-node.cjs';
import type { RequestListener } from 'node:http';
import { readLocalSecret } from './auth/local-secret.ts';
import { issueToken } from './auth/token-issuer.ts';
import { administratorRole } from './auth/viewer.ts';
import { loadConfig, refuseParameters, type Config } from './config.ts';
import { databaseFor, type Database } from './database/database.ts';
import { ensureDemoAccount } from './domain/accounts.ts';
import { deleteOldKeys } from './domain/idempotency-keys.ts';
import { createLogger, openLogOutput, type Logger } from './observability/log.ts';
import { createStatementLog, observe } from './observability/observed-database.ts';
import { onUncaughtError, runProgram } from './process.ts';
import { answerWhileStarting, createApp } from './server/app.ts';
import { createHttpServer, listen, stopListening } from './server/http-server.ts';
import { serveMetrics } from './server/metrics-server.ts';

await runProgram(async (onStop) => {
  refuseParameters(process.argv.slice(2));
  const config = loadConfig(process.env);
  const { HOST, DATABASE_URL, DATA_DIR, METRICS_PORT } = config;
  const logOutput = openLogOutput();
  const log = createLogger(config.LOG_LEVEL, logOutput);
  onUncaughtError(log, logOutput);
  const stopping = new AbortController();
  /** Undefined while the database opens: there is nothing to finish. */
  let finish: (() => Promise<void>) | undefined;
  onStop(async () => {
    log.info('stopping');
    stopping.abort();
    await finish?.();
    log.info('stopped');
    await logOutput.close();
  });

  let answer: RequestListener = answerWhileStarting(`waiting for the ${DATABASE_URL ? '' : 'embedded '}database`, log);
  const server = createHttpServer((request, response) => answer(request, response), log);
  const url = `${await listen(server, HOST, config.PORT)}/graphql`;
  const metrics = METRICS_PORT === undefined ? undefined : await serveMetrics(HOST, METRICS_PORT, log);

  const database = observe(await openDatabase(config, log), log);
  const ownDatabase = databaseFor(database, 'system');
  const account = DATABASE_URL ? undefined : await ensureDemoAccount(ownDatabase);
  const secret = config.AUTH_SECRET ?? (config.AUTH_JWKS_URL ? undefined : readLocalSecret(DATA_DIR));
  answer = createApp({ config, secret, database, log, accountId: account?.id, stopping: stopping.signal });
  finish = async () => {
    await stopListening(server, config.SHUTDOWN_DELAY_MS);
    await database.close();
  };
  void deleteOldKeys(ownDatabase, config.IDEMPOTENCY_DAYS, log, stopping.signal);

  // The only place that prints a token: newcomers have the server and its secret to themselves.
  const signIn = account && secret ? `?token=${await issueNewcomersToken(config, secret)}` : '';
  const lines = ['AI Sessions is ready', `  GraphQL   ${url}`, `  Database  ${database.description}`];
  if (metrics) lines.push(`  Metrics   ${metrics}`);
  if (config.GRAPHIQL) lines.push(`  GraphiQL  ${url}${signIn}`);
  // Where stdout is no terminal, programs read it: each of its lines is JSON.
  const { isTTY } = process.stdout;
  if (!isTTY) log.info({ url, database: database.description, metrics }, 'ready');
  (isTTY ? process.stdout : process.stderr).write(`${lines.join('\n')}\n`);
});

/** Loads only the driver that is used: each takes time and memory. */
async function openDatabase(config: Config, log: Logger): Promise<Database> {
  const { DATABASE_URL, DATABASE_TIMEOUT_MS: timeoutMs, DATABASE_POOL_SIZE: poolSize } = config;
  const statementLog = createStatementLog(log);
  if (DATABASE_URL) {
    const { openPostgres } = await import('./database/postgres/open-postgres.ts');
    const options = { poolSize, timeoutMs, prepare: config.DATABASE_PREPARE };
    return openPostgres(DATABASE_URL, options, log, statementLog);
  }
  const { openEmbedded } = await import('./database/embedded/open-embedded.ts');
  return openEmbedded(config.DATA_DIR, timeoutMs, log, statementLog);
}

function issueNewcomersToken(config: Config, secret: string): Promise<string> {
  return issueToken(config, secret, { id: 'administrator', roles: [administratorRole] }, '8h');
}
