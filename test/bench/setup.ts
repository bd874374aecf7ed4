import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Sql } from 'postgres';

const source = path.join(import.meta.dirname, '../../src');

export interface Server {
  url: string;
  process: ChildProcess;
}

/** Starts a program of this project and waits until `address` finds where it listens in what it prints. */
export async function startServer(file: string, environment: Record<string, string>, address: RegExp): Promise<Server> {
  const output = path.join(mkdtempSync(path.join(tmpdir(), 'bench-')), 'output');
  const descriptor = openSync(output, 'w');
  const child = spawn(process.execPath, ['--max-semi-space-size=16', path.resolve(source, file)], {
    env: { ...process.env, PORT: '0', ...environment },
    stdio: ['ignore', descriptor, descriptor],
  });
  while (child.exitCode === null) {
    const [, url] = address.exec(readFileSync(output, 'utf8')) ?? [];
    if (url) return { url, process: child };
    await setTimeout(50);
  }
  throw new Error(`${file} ended: ${readFileSync(output, 'utf8')}`);
}

/** The memory of a process that is not shared with others, in megabytes. */
export function memoryOf({ process: { pid } }: Server): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}

/** Fills the table up to `rows` sessions, the older the lower their id, over a thousand accounts. Shows its progress. */
export async function fill(sql: Sql, rows: number, accountId: string): Promise<void> {
  const [{ count } = { count: 0 }] = await sql`select count(*)::int from ai_sessions`;
  await sql`
    insert into accounts (id, date_created, date_last_modified, name, created_by, last_modified_by)
    select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, to_timestamp(0), to_timestamp(0),
      'Account ' || n, 'bench', 'bench'
    from generate_series(1, 999) n on conflict do nothing`;
  const step = 50_000;
  for (let from = Number(count); from < rows; from += step) {
    const to = Math.min(from + step, rows);
    await sql`
      insert into ai_sessions (id, date_created, date_last_modified, created_by, last_modified_by, account_id, purpose)
      select (lpad(to_hex(1600000000000 + n * 1000::bigint), 12, '0') || '7000' || '8000' || lpad(to_hex(n), 12, '0'))::uuid,
        to_timestamp(1600000000 + n), to_timestamp(1600000000 + n), 'bench', 'bench',
        case n % 1000 when 0 then ${accountId}::uuid else ('00000000-0000-7000-8000-' || lpad(to_hex(n % 1000), 12, '0'))::uuid end,
        'Session ' || n
      from generate_series(${from + 1}::int, ${to}::int) n`;
    process.stderr.write(`\rfilling the table: ${to.toLocaleString('en')} of ${rows.toLocaleString('en')} sessions`);
  }
  process.stderr.write('\n');
  await sql`analyze ai_sessions`;
}
