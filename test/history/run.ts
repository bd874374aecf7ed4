import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { makePostgresTemplate } from '../support/postgres-server.ts';
import { inSeconds, secret, sign } from '../support/sign-token.ts';
import { readAuditLog } from './audit-log.ts';
import { startClients, users } from './clients.ts';
import { readContent } from './final-content.ts';
import { runNemesis } from './nemesis.ts';
import { startProgress } from './progress.ts';
import { openRecorder } from './recorder.ts';
import { createRandom } from './seeded-random.ts';
import { startSystem, whenReady, type System } from './system.ts';

export interface RunOptions {
  minutes: number;
  seed: number;
  clients: number;
  /** Matches the names of the faults to choose from. */
  only: RegExp;
  /** An existing folder, for the history and the servers' logs. */
  folder: string;
  /** Aborted to end everything at once. */
  isInterrupted: AbortSignal;
  show: (line: string) => void;
}

/** How long clients may take to finish what they have begun, once the faults are over. */
const patienceMs = 60_000;

const createdAccount = z.object({ data: z.object({ newAccount: z.object({ id: z.string() }) }) });

/**
 * Runs servers, clients and faults.
 * @returns the file of the history
 */
export async function runHistory(options: RunOptions): Promise<string> {
  const { folder, isInterrupted } = options;
  const template = await makePostgresTemplate();
  try {
    isInterrupted.throwIfAborted();
    const system = await startSystem({ template, folder, secret });
    try {
      return await driveFaults(system, options);
    } finally {
      await system.close();
    }
  } finally {
    await rm(template, { recursive: true, force: true });
  }
}

async function driveFaults(system: System, { minutes, seed, clients, only, folder, isInterrupted, show }: RunOptions) {
  const { servers, cluster } = system;
  const random = createRandom(seed);
  const tokens = new Map(users.map((user) => [user, sign({ sub: user, exp: inSeconds(60 * minutes + 3600) }, secret)]));
  const token = tokens.get(users[0]) ?? '';
  const accountIds = [
    await createAccount(servers[0].url, token, 'Acme'),
    await createAccount(servers[1].url, token, 'Bell'),
  ] as const;
  const recorder = await openRecorder(path.join(folder, 'history.jsonl'));
  show(`history: ${recorder.file}\n`);
  const progress = startProgress(show);
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), 60_000 * minutes);
  const shared = { recorder, progress };
  const load = startClients({ ...shared, servers, tokens, accountIds, count: clients, random: random.fork() });
  const nemesis = runNemesis({ ...shared, system, random: random.fork(), only, isOver: over.signal });
  try {
    await Promise.race([nemesis, rejectAt(isInterrupted)]);
    await Promise.all(servers.map(whenReady));
    await withinPatience(load.finish());
    await load.listAll();
    for (const { logFile } of servers) for await (const line of readAuditLog(logFile)) recorder.recordAudit(line);
    recorder.recordContent(await readContent(cluster.primary()));
    return recorder.file;
  } finally {
    progress.stop();
    clearTimeout(timer);
    over.abort();
    if (isInterrupted.aborted) await system.kill();
    // What it starts must not outlive the run.
    await Promise.race([nemesis.catch(() => {}), sleep(10_000, undefined, { ref: false })]);
    await load.giveUp();
    await recorder.close();
  }
}

async function createAccount(url: string, token: string, name: string): Promise<string> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: `mutation { newAccount(input: { name: "${name}" }) { id } }` }),
  });
  return createdAccount.parse(await response.json()).data.newAccount.id;
}

function rejectAt(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  // Node.js would end the process for a rejection that comes after the race.
  promise.catch(() => {});
  signal.addEventListener('abort', () => reject(signal.reason));
  if (signal.aborted) reject(signal.reason);
  return promise;
}

async function withinPatience(work: Promise<void>): Promise<void> {
  const impatience = new AbortController();
  const late = sleep(patienceMs, undefined, { signal: impatience.signal }).then(() => {
    throw new Error('the clients get no final answers, though the faults are over');
  });
  // Once the work is done, nobody waits for this one.
  late.catch(() => {});
  await Promise.race([work, late]).finally(() => impatience.abort());
}
