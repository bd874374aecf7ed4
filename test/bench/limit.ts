import { createServer } from 'node:http';
import postgres from 'postgres';

// The limit: one insert a request by node:http and postgres.js alone, without GraphQL, token, role, checks or log.
const database = postgres(String(process.env['DATABASE_URL']), { max: 10 });

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', async () => {
    const { accountId, purpose } = JSON.parse(Buffer.concat(chunks).toString()).variables.input;
    const [row] = await database`
      with session as (
        insert into limit_sessions (account_id, purpose, created_by, last_modified_by)
        values (${accountId}, ${purpose}, 'alice', 'alice') returning *)
      select session.*, accounts.name from session join accounts on accounts.id = session.account_id`;
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ data: row }));
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${JSON.stringify(server.address())}\n`));
