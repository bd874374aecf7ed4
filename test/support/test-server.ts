import { PassThrough } from 'node:stream';
import { issueToken } from '../../src/auth/token-issuer.ts';
import { administratorRole } from '../../src/auth/viewer.ts';
import { loadConfig } from '../../src/config.ts';
import type { Database } from '../../src/database/database.ts';
import { createLogger } from '../../src/observability/log.ts';
import { observe } from '../../src/observability/observed-database.ts';
import { createApp } from '../../src/server/app.ts';
import { createHttpServer, listen, stopListening } from '../../src/server/http-server.ts';
import { sendGraphQL, type GraphQLAnswer, type GraphQLServer, type RequestOptions } from './graphql.ts';
import { secret } from './sign-token.ts';
import { openTestDatabase } from './test-database.ts';

/** A well-formed id of nothing. */
export const unknownId = '0192f0c1-2345-7000-8000-000000000001';

export interface TestServer extends GraphQLServer {
  url: string;
  database: Database;
  /** The log so far, one object for each line. */
  logLines: () => Record<string, unknown>[];
  tokenFor: (id: string, roles?: string[]) => Promise<string>;
  stop: () => Promise<void>;
}

/** With TEST_COMPILATION=always, every document that can be compiled is compiled at its first use. */
const usesBeforeCompilationByDefault = process.env['TEST_COMPILATION'] === 'always' ? 0 : undefined;

/** Starts the server on a free port, on a database of its own unless DATABASE_URL names one. */
export async function startTestServer(
  environment: Record<string, string> = {},
  wrapDatabase = (database: Database) => database,
  usesBeforeCompilation = usesBeforeCompilationByDefault,
): Promise<TestServer> {
  // A busy machine is slow, and what misses its deadline is refused.
  const DATABASE_TIMEOUT_MS = '60000';
  const config = loadConfig({ AUTH_SECRET: secret, LOG_LEVEL: 'trace', DATABASE_TIMEOUT_MS, ...environment });
  const logOutput = new PassThrough();
  let logged = '';
  logOutput.on('data', (chunk: Buffer) => (logged += chunk.toString()));
  const log = createLogger(config.LOG_LEVEL, logOutput);
  const database = observe(wrapDatabase(await openTestDatabase(config, log)), log);
  const stopping = new AbortController();
  const options = { config, secret: config.AUTH_SECRET, database, log, stopping: stopping.signal };
  const app = createApp({ ...options, usesBeforeCompilation });
  const server = createHttpServer(app, log);
  // Clients in the same busy process would learn too late that a kept connection has been closed.
  server.keepAliveTimeout = 600_000;
  const url = await listen(server, '127.0.0.1', 0);
  const tokenFor = (id: string, roles = [administratorRole]) => issueToken(config, secret, { id, roles }, '1h');
  const alice = await tokenFor('alice');
  return {
    url,
    database,
    tokenFor,
    logLines: () =>
      logged
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    graphql: (query, variables, request) => sendGraphQL(url, { query, variables }, { token: alice, ...request }),
    async stop() {
      stopping.abort();
      await stopListening(server);
      await database.close();
    },
  };
}

/** Starts the server with the keys that an identity provider publishes at `url`, for tokens of any issuer and audience. */
export function startTestServerWithKeys(url: string, environment: Record<string, string> = {}): Promise<TestServer> {
  const provider = { AUTH_SECRET: '', AUTH_JWKS_URL: url, AUTH_ISSUER: '*', AUTH_AUDIENCE: '*' };
  return startTestServer({ ...provider, ...environment });
}

/** Creates an account; returns its id. */
export async function createAccount({ graphql }: GraphQLServer, name: string): Promise<string> {
  const { data } = await graphql('mutation ($name: String!) { newAccount(input: { name: $name }) { id } }', { name });
  return data.newAccount.id;
}

/** How many rows the tables hold, all together: a refused request must not change it. */
export async function countRows({ graphql }: TestServer): Promise<number> {
  const { data } = await graphql('{ aiSessions { totalCount } accounts { totalCount } }');
  return data.aiSessions.totalCount + data.accounts.totalCount;
}

export const sessionFields = 'id dateCreated dateLastModified createdBy lastModifiedBy accountId accountName purpose';

/** Sends `newAISession`, and asks for all fields of the session. */
export function createSession(
  { graphql }: GraphQLServer,
  input: object = {},
  options?: RequestOptions,
): Promise<GraphQLAnswer> {
  const operation = `mutation ($input: NewAISessionInput!) { newAISession(input: $input) { ${sessionFields} } }`;
  return graphql(operation, { input }, options);
}

const pageArguments = { first: 'Int', after: 'String', last: 'Int', before: 'String' };
const listArguments = {
  accounts: { ...pageArguments, nameContains: 'String' },
  aiSessions: { ...pageArguments, filter: 'AISessionFilter', orderBy: 'AISessionOrder' },
};

/** Reads a page of a list. */
export async function readPage({ graphql }: TestServer, field: keyof typeof listArguments, variables: object) {
  const types = Object.entries(listArguments[field]);
  const operation = `query (${types.map(([name, type]) => `$${name}: ${type}`).join()}) {
    ${field}(${types.map(([name]) => `${name}: $${name}`).join()}) {
      totalCount edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }`;
  const { totalCount, edges, pageInfo } = (await graphql(operation, variables)).data[field];
  const cursors: string[] = edges.map(({ cursor }: { cursor: string }) => cursor);
  const ids: string[] = edges.map(({ node }: { node: { id: string } }) => node.id);
  return { ids, cursors, totalCount, ...pageInfo };
}

/** The code of the first error; undefined without one. */
export const codeOf = ({ errors }: Pick<GraphQLAnswer, 'errors'>) => errors?.[0]?.extensions.code;

/** How many statements the server has sent to the database so far. */
export function countStatements({ logLines }: TestServer): number {
  return logLines().filter(({ msg }) => msg === 'statement').length;
}
