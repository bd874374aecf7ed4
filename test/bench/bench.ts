import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import postgres from 'postgres';
import { issueToken } from '../../src/auth/token-issuer.ts';
import { loadConfig } from '../../src/config.ts';
import { migratePostgres } from '../../src/database/postgres/migrate-postgres.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { load, loadGenerator, median, type Measurement, type Target } from './load.ts';
import { measurePages } from './pages.ts';
import { fill, memoryOf, startServer } from './setup.ts';

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
const input = { accountId, purpose: 'Benchmark' };
const creation = `mutation New($input: NewAISessionInput!) { newAISession(input: $input) { ${fields} } }`;
await graphql(creation, { input });

type Contestant = 'limit' | 'GraphQL' | 'REST';
type Job = Record<Contestant, Target>;
/** What is sent for a job: to GraphQL and the limit the same, and to the REST API its words for it. */
function job(query: string, variables: object[], rest: Target['requests'], limitVariables = variables): Job {
  const requests = (path: string, of: object[]) =>
    of.map((each) => ({ path, body: JSON.stringify({ query, variables: each }) }));
  return {
    limit: { url: `http://127.0.0.1:${limit.url}`, headers, requests: requests('/', limitVariables) },
    GraphQL: { url: server.url, headers, requests: requests('/graphql', variables) },
    REST: { url: server.url, headers, requests: rest },
  };
}
const creations = job(creation, [{ input }], [{ path: '/ai/sessions', body: JSON.stringify(input) }]);

/** The newest sessions of a table. */
async function newestIds(table: string, count: number): Promise<string[]> {
  const found = await sql`select id from ${sql(table)} order by id desc limit ${count}`;
  return found.map(({ id }) => String(id));
}

/** Finds a hundred sessions, each by its id. */
async function makeFinds(): Promise<Job> {
  const variables = (await newestIds('ai_sessions', 100)).map((id) => ({ id }));
  const limitVariables = (await newestIds('limit_sessions', 100)).map((id) => ({ id }));
  const paths = variables.map(({ id }) => ({ path: `/ai/sessions/${id}` }));
  const query = `query Find($id: ID!) { aiSession(id: $id) { ${fields} } }`;
  return job(query, variables, paths, limitVariables);
}

/** Lists eighty pages of the newest sessions. */
async function makePages(): Promise<Job> {
  const query = `query Page($after: String) {
    aiSessions(first: 25, after: $after) { pageInfo { hasNextPage endCursor } edges { cursor node { ${fields} } } }
  }`;
  const variables: { after?: string }[] = [{}];
  while (variables.length < 80) {
    const { endCursor } = (await graphql(query, variables.at(-1))).aiSessions.pageInfo;
    variables.push({ after: endCursor });
  }
  const paths = variables.map((_, index) => ({ path: `/ai/sessions?simplifiedPaging=true&page=${index + 1}` }));
  const limitIds = await newestIds('limit_sessions', 25 * variables.length);
  const limitVariables = variables.map((_, index) => ({ first: 25, after: limitIds[25 * index] }));
  return job(query, variables, paths, limitVariables);
}

async function countRows(name: Contestant): Promise<number> {
  const table = name === 'limit' ? 'limit_sessions' : 'ai_sessions';
  return Number((await sql`select count(*) from ${sql(table)}`)[0]?.count);
}

/** Loads those named in turn, over several rounds, and tells the medians beside the limit's. */
async function measure(kind: string, work: Job, names: Contestant[], connections: number, title = '') {
  const heading = `${kind}, ${connections} connections${title}`;
  const runs = new Map(names.map((name) => [name, [] as (Measurement & { missing: number })[]]));
  for (let round = 0; round <= rounds; round++) {
    process.stderr.write(`${heading}: ${round === 0 ? 'warming up' : `round ${round} of ${rounds}`}\n`);
    for (const name of names) {
      const before = await countRows(name);
      const run = await load(work[name], connections, round === 0 ? 2 : seconds);
      const expected = work === creations ? run.answered : 0;
      const missing = Math.max(0, expected - ((await countRows(name)) - before));
      if (round > 0) runs.get(name)?.push({ ...run, missing });
    }
  }
  const medianOf = (name: Contestant, key: keyof Measurement) => median(runs.get(name)?.map((run) => run[key]) ?? []);
  const table = names.map((name) => ({
    'a second': Math.round(medianOf(name, 'rate')),
    'of the limit': Number((medianOf(name, 'rate') / medianOf('limit', 'rate')).toFixed(2)),
    'p50 ms': Number(medianOf(name, 'p50').toFixed(2)),
    'p99 ms': Number(medianOf(name, 'p99').toFixed(2)),
    failed: runs.get(name)?.reduce((sum, run) => sum + run.failed, 0),
    'answered but not written': runs.get(name)?.reduce((sum, run) => sum + run.missing, 0),
    'memory MB': name === 'limit' ? memoryOf(limit) : memoryOf(server),
  }));
  console.log(`\n${heading}`);
  console.table(Object.fromEntries(names.map((name, index) => [name, table[index]])));
  return medianOf('GraphQL', 'rate');
}

const summary = (runs: Measurement[]) => ({
  'a second': Math.round(median(runs.map(({ rate }) => rate))),
  'p50 ms': median(runs.map(({ p50 }) => p50)),
  'p99 ms': median(runs.map(({ p99 }) => p99)),
});
/** Measures creations while as many connections list, beside the same creations alone. */
async function measureBeside(pages: Job) {
  const alone: Measurement[] = [];
  const beside: Measurement[] = [];
  for (let round = 0; round < rounds; round++) {
    process.stderr.write(`creations beside lists: round ${round + 1} of ${rounds}\n`);
    alone.push(await load(creations.GraphQL, 32, seconds));
    const [measured] = await Promise.all([load(creations.GraphQL, 32, seconds), load(pages.GraphQL, 32, seconds)]);
    beside.push(measured);
  }
  console.log('\ncreations, 32 connections');
  console.table({ alone: summary(alone), 'beside 32 connections of lists': summary(beside) });
}

const [{ version } = { version: '' }] = await sql`select split_part(version(), ' on ', 1) as version`;
console.log(
  `${cpus().length} × ${cpus()[0]?.model}, Node.js ${process.version}, ${version}, load by ${loadGenerator}, ${rounds} rounds of ${seconds} s`,
);
const everyone: Contestant[] = ['limit', 'GraphQL', 'REST'];
for (const connections of [1, 32, 256]) await measure('creations', creations, everyone, connections);
await sql`analyze`;
await measure('finds, each of another session', await makeFinds(), everyone, 32);
const pages = await makePages();
await measure('lists, each of another page', pages, everyone, 32);
await measureBeside(pages);
await sql`truncate ai_sessions`;
await fill(sql, 10_000, accountId);
const few = await measure('creations', creations, ['limit', 'GraphQL'], 32, ', 10 thousand sessions in the table');
await fill(sql, rows, accountId);
const many = await measure('creations', creations, ['limit', 'GraphQL'], 32, `, ${rows} sessions in the table`);
console.log(`with ${rows} sessions: ${(many / few).toFixed(2)} of the creations with 10 thousand`);
console.log('\nPages of 25, newest first');
console.table(await measurePages(graphql));
console.log('\nPages of 25 of one account');
console.table(await measurePages(graphql, { accountIds: [accountId] }));

server.process.kill();
limit.process.kill();
await sql.end();
await drop();
