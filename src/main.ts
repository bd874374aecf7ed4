import { readLocalSecret } from './auth/local-secret.ts';
import { issueToken } from './auth/token-issuer.ts';
import { administratorRole } from './auth/viewer.ts';
import { loadConfig } from './config.ts';
import { databaseFor } from './database/database.ts';
import { isUncaughtDriverError } from './database/failures.ts';
import { ensureDemoAccount } from './domain/accounts.ts';
import { deleteOldKeys } from './domain/idempotency-keys.ts';
import { createStatementLog, observe } from './observability/observed-database.ts';
import { createLogger, openLogOutput } from './observability/log.ts';
import { onStopSignal, onUncaughtError, runProgram } from './process.ts';
import { createApp } from './server/app.ts';
import { serveMetrics } from './server/metrics-server.ts';
import { createHttpServer, listen, stopListening } from './server/http-server.ts';

await runProgram(async () => {
  const config = loadConfig(process.env);
  const { DATABASE_URL, DATA_DIR, DATABASE_TIMEOUT_MS: timeoutMs } = config;
  const logOutput = openLogOutput();
  const log = createLogger(config.LOG_LEVEL, logOutput);
  const statementLog = createStatementLog(log);
  // Load only the driver that is used: each takes time and memory.
  const opened = await (DATABASE_URL
    ? (await import('./database/postgres/open-postgres.ts')).openPostgres(
        DATABASE_URL,
        { poolSize: config.DATABASE_POOL_SIZE, timeoutMs, prepare: config.DATABASE_PREPARE },
        log,
        statementLog,
      )
    : (await import('./database/embedded/open-embedded.ts')).openEmbedded(DATA_DIR, timeoutMs, log, statementLog));
  const database = observe(opened, log);
  const ownDatabase = databaseFor(database, 'system');
  const account = DATABASE_URL ? undefined : await ensureDemoAccount(ownDatabase);
  const secret = config.AUTH_SECRET ?? (config.AUTH_JWKS_URL ? undefined : readLocalSecret(DATA_DIR));
  onUncaughtError(log, logOutput, isUncaughtDriverError);
  const stopping = new AbortController();
  const app = createApp({ config, secret, database, log, accountId: account?.id, stopping: stopping.signal });
  const server = createHttpServer(app, log);
  const url = `${await listen(server, config.HOST, config.PORT)}/graphql`;
  const metricsUrl = config.METRICS_PORT !== undefined && (await serveMetrics(config.HOST, config.METRICS_PORT, log));
  void deleteOldKeys(ownDatabase, config.IDEMPOTENCY_DAYS, log, stopping.signal);

  onStopSignal(async () => {
    log.info('stopping');
    stopping.abort();
    await stopListening(server, config.SHUTDOWN_DELAY_MS);
    await database.close();
    log.info('stopped');
    await logOutput.close();
  });

  // The only place that prints a token: a newcomer has the server and its secret to himself.
  const administrator = { id: 'administrator', roles: [administratorRole] };
  const token = account && secret && `?token=${await issueToken(config, secret, administrator, '8h')}`;
  const lines = ['AI Sessions is ready', `  GraphQL   ${url}`, `  Database  ${database.description}`];
  if (metricsUrl) lines.push(`  Metrics   ${metricsUrl}`);
  if (config.GRAPHIQL) lines.push(`  GraphiQL  ${url}${token ?? ''}`);
  process.stdout.write(`${lines.join('\n')}\n`);
});
