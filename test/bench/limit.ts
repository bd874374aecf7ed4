import { createServer } from 'node:http';
import postgres from 'postgres';

// The limit: one statement a request by node:http and postgres.js alone, without GraphQL, token, role, checks or log.
const database = postgres(String(process.env['DATABASE_URL']), { max: 10 });
const columns = database`
  s.id, s.date_created as "dateCreated", s.date_last_modified as "dateLastModified", s.created_by as "createdBy",
  s.last_modified_by as "lastModifiedBy", s.account_id as "accountId", a.name as "accountName", s.purpose`;

async function insert({ accountId, purpose }: { accountId: string; purpose: string }) {
  const [row] = await database`
    with session as (
      insert into limit_sessions (account_id, purpose, created_by, last_modified_by)
      values (${accountId}, ${purpose}, 'alice', 'alice') returning *)
    select session.*, accounts.name from session join accounts on accounts.id = session.account_id`;
  return row;
}

async function find(id: string) {
  const [row] = await database`
    select ${columns} from limit_sessions s left join accounts a on a.id = s.account_id
    where s.id = ${id}`;
  return row;
}

async function list(first: number, after = 'ffffffff-ffff-ffff-ffff-ffffffffffff') {
  const rows = await database`
    select ${columns} from limit_sessions s left join accounts a on a.id = s.account_id
    where s.id < ${after} order by s.id desc limit ${first + 1}`;
  const edges = rows.slice(0, first).map((node) => ({ cursor: node['id'], node }));
  return { edges, pageInfo: { hasNextPage: rows.length > first, endCursor: edges.at(-1)?.cursor } };
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', async () => {
    const { input, id, first, after } = JSON.parse(Buffer.concat(chunks).toString()).variables;
    const data = input ? await insert(input) : id ? await find(id) : await list(first, after);
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ data }));
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${JSON.stringify(server.address())}\n`));
