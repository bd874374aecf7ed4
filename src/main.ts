import { readLocalSecret } from './auth/local-secret.ts';
import { issueToken } from './auth/token-issuer.ts';
import { administratorRole } from './auth/viewer.ts';
import { loadConfig, type Config } from './config.ts';
import { databaseFor, type Database } from './database/database.ts';
import { ensureDemoAccount } from './domain/accounts.ts';
import { deleteOldKeys } from './domain/idempotency-keys.ts';
import { createStatementLog, observe } from './observability/observed-database.ts';
import { createLogger, openLogOutput, type Logger } from './observability/log.ts';
import { onUncaughtError, runProgram } from './process.ts';
import { createApp } from './server/app.ts';
import { serveMetrics } from './server/metrics-server.ts';
import { createHttpServer, listen, stopListening } from './server/http-server.ts';

await runProgram(async (onStop) => {
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

  const database = observe(await openDatabase(config, log), log);
  const ownDatabase = databaseFor(database, 'system');
  const account = DATABASE_URL ? undefined : await ensureDemoAccount(ownDatabase);
  const secret = config.AUTH_SECRET ?? (config.AUTH_JWKS_URL ? undefined : readLocalSecret(DATA_DIR));
  const app = createApp({ config, secret, database, log, accountId: account?.id, stopping: stopping.signal });
  const server = createHttpServer(app, log);
  finish = async () => {
    await stopListening(server, config.SHUTDOWN_DELAY_MS);
    await database.close();
  };
  const url = `${await listen(server, HOST, config.PORT)}/graphql`;
  const metricsUrl = METRICS_PORT === undefined ? undefined : await serveMetrics(HOST, METRICS_PORT, log);
  void deleteOldKeys(ownDatabase, config.IDEMPOTENCY_DAYS, log, stopping.signal);

  // The only place that prints a token: newcomers have the server and its secret to themselves.
  const signIn = account && secret ? `?token=${await issueNewcomersToken(config, secret)}` : '';
  const lines = ['AI Sessions is ready', `  GraphQL   ${url}`, `  Database  ${database.description}`];
  if (metricsUrl) lines.push(`  Metrics   ${metricsUrl}`);
  if (config.GRAPHIQL) lines.push(`  GraphiQL  ${url}${signIn}`);
  process.stdout.write(`${lines.join('\n')}\n`);
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
