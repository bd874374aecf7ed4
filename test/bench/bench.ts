import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import postgres from 'postgres';
import { createTestDatabase } from '../test-database.ts';
import { load, loadGenerator, median, type Measurement, type Target } from './load.ts';
import { fill, memoryOf, startServer } from './setup.ts';
import { issueToken } from '../../src/auth/token-issuer.ts';
import { loadConfig } from '../../src/config.ts';
import { migratePostgres } from '../../src/database/postgres.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    rows: { type: 'string', default: '1000000' },
  },
});
const [rounds, seconds, rows] = [Number(options.rounds), Number(options.seconds), Number(options.rows)];
const { DATABASE_URL: adminUrl } = process.env;
if (!adminUrl) {
  process.stderr.write(
    'Set DATABASE_URL to a PostgreSQL on which a database may be made: npm run bench -- [--rounds 5] [--seconds 5] [--rows 1000000]\n',
  );
  process.exit(1);
}

const { url: databaseUrl, drop } = await createTestDatabase(adminUrl);
await migratePostgres(databaseUrl);
const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
await sql`create table limit_sessions (
  id uuid primary key default gen_random_uuid(), account_id uuid references accounts (id), purpose text,
  date_created timestamptz not null default now(), date_last_modified timestamptz not null default now(),
  created_by text not null, last_modified_by text not null)`;
await sql`create index on limit_sessions (account_id, id)`;

const environment = { DATABASE_URL: databaseUrl, AUTH_SECRET: 'a secret of the benchmark and of nothing else' };
const server = await startServer('main.ts', environment, /GraphQL +(\S+)\/graphql/);
const limit = await startServer('../test/bench/limit.ts', environment, /"port":(\d+)/);
const token = await issueToken(
  loadConfig(environment),
  environment.AUTH_SECRET,
  { id: 'alice', roles: ['SystemAdministrator'] },
  '8h',
);
const headers = { 'Content-Type': 'application/json', Accept: 'application/json', Authorization: `Bearer ${token}` };

async function graphql(query: string, variables: object = {}) {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

const { newAccount } = await graphql('mutation { newAccount(input: { name: "Acme" }) { id } }');
const accountId: string = newAccount.id;
const fields = 'id dateCreated dateLastModified createdBy lastModifiedBy accountId accountName purpose';
const variables = { input: { accountId, purpose: 'Benchmark' } };
const query = `mutation New($input: NewAISessionInput!) { newAISession(input: $input) { ${fields} } }`;
const body = JSON.stringify({ query, variables });
const targets: Record<string, Target & { table: string }> = {
  limit: { url: `http://127.0.0.1:${limit.url}/`, headers, body, table: 'limit_sessions' },
  GraphQL: { url: `${server.url}/graphql`, headers, body, table: 'ai_sessions' },
  HTTP: { url: `${server.url}/ai/sessions`, headers, body: JSON.stringify(variables.input), table: 'ai_sessions' },
};

const countRows = async (table: string) => Number((await sql`select count(*) from ${sql(table)}`)[0]?.count);

/** Loads the targets in turn, over several rounds, and tells the medians beside the limit's. */
async function measureCreations(title: string, names: string[], connections: number) {
  const runs = new Map(names.map((name) => [name, [] as (Measurement & { missing: number })[]]));
  for (let round = 0; round <= rounds; round++) {
    process.stderr.write(`${title}: ${round === 0 ? 'warming up' : `round ${round} of ${rounds}`}\n`);
    for (const name of names) {
      const target = targets[name];
      if (!target) continue;
      const before = await countRows(target.table);
      const run = await load(target, connections, round === 0 ? 2 : seconds);
      const missing = Math.max(0, run.answered - ((await countRows(target.table)) - before));
      if (round > 0) runs.get(name)?.push({ ...run, missing });
    }
  }
  const medianOf = (name: string, key: keyof Measurement) => median(runs.get(name)?.map((run) => run[key]) ?? []);
  const table = names.map((name) => ({
    'creations/s': Math.round(medianOf(name, 'rate')),
    'of the limit': Number((medianOf(name, 'rate') / medianOf('limit', 'rate')).toFixed(2)),
    'p50 ms': Number(medianOf(name, 'p50').toFixed(2)),
    'p99 ms': Number(medianOf(name, 'p99').toFixed(2)),
    failed: runs.get(name)?.reduce((sum, run) => sum + run.failed, 0),
    'answered but not written': runs.get(name)?.reduce((sum, run) => sum + run.missing, 0),
    'memory MB': name === 'limit' ? memoryOf(limit) : memoryOf(server),
  }));
  console.log(`\n${title}`);
  console.table(Object.fromEntries(names.map((name, index) => [name, table[index]])));
  return medianOf('GraphQL', 'rate');
}

const pageQuery = `query ($after: String, $filter: AISessionFilter) {
  aiSessions(first: 25, after: $after, filter: $filter) { edges { node { ${fields} } } pageInfo { hasNextPage endCursor } }
}`;

/** Times a page at several depths of a list, in turn, each many times. */
async function measurePages(filter: object | undefined) {
  let after: string | undefined;
  const depths = new Map<string, string | undefined>([['page 1', undefined]]);
  for (let page = 1; page < 1000; page++) {
    const { pageInfo } = (await graphql(pageQuery, { after, filter })).aiSessions;
    if (!pageInfo.hasNextPage) break;
    after = pageInfo.endCursor;
    if (page === 999 || (filter && page === 39)) depths.set(`page ${page + 1}`, after);
  }
  const { aiSessions } = await graphql(
    'query ($filter: AISessionFilter) { aiSessions(first: 26, filter: $filter, orderBy: { direction: ASC }) { pageInfo { endCursor } } }',
    { filter },
  );
  depths.set('the end', aiSessions.pageInfo.endCursor);
  const times = new Map([...depths.keys()].map((depth) => [depth, [] as number[]]));
  for (let round = 0; round < 300; round++) {
    for (const [depth, cursor] of depths) {
      const start = performance.now();
      await graphql(pageQuery, { after: cursor, filter });
      if (round >= 50) times.get(depth)?.push(performance.now() - start);
    }
  }
  const first = median(times.get('page 1') ?? []);
  return Object.fromEntries(
    [...times].map(([depth, list]) => [
      depth,
      { 'ms (median)': Number(median(list).toFixed(2)), 'of page 1': Number((median(list) / first).toFixed(2)) },
    ]),
  );
}

const [{ version } = { version: '' }] = await sql`select split_part(version(), ' on ', 1) as version`;
console.log(
  `${cpus().length} × ${cpus()[0]?.model}, Node.js ${process.version}, ${version}, load by ${loadGenerator}, ${rounds} rounds of ${seconds} s`,
);
for (const connections of [1, 32, 256])
  await measureCreations(`${connections} connections`, ['limit', 'GraphQL', 'HTTP'], connections);
await sql`truncate ai_sessions`;
await fill(sql, 10_000, accountId);
const few = await measureCreations('32 connections, 10 thousand sessions in the table', ['limit', 'GraphQL'], 32);
await fill(sql, rows, accountId);
const many = await measureCreations(`32 connections, ${rows} sessions in the table`, ['limit', 'GraphQL'], 32);
console.log(`with ${rows} sessions: ${(many / few).toFixed(2)} of the creations with 10 thousand`);
console.log('\nPages of 25, newest first');
console.table(await measurePages(undefined));
console.log('\nPages of 25 of one account');
console.table(await measurePages({ accountIds: [accountId] }));

server.process.kill();
limit.process.kill();
await sql.end();
await drop();
