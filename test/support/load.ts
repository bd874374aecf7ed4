import { setTimeout as sleep } from 'node:timers/promises';
import { sendGraphQL } from './graphql.ts';
import type { PostgresServer } from './postgres-server.ts';

export interface LoadCounts {
  /** Sessions that the server reported to a client. */
  acknowledged: number;
  /** Requests that were sent again. */
  retries: number;
  /** Keys whose requests failed in a way that no retry fixes. */
  refused: number;
  /** Sessions in the database. */
  found: number;
  /** Acknowledged sessions that are not in the database. */
  lost: number;
  /** Keys with more than one session. */
  doubled: number;
  /** Sessions in the database that the server reported to no client. */
  unknown: number;
  /** The longest that a request was without an answer, in milliseconds. */
  slowest: number;
  /** The longest that no client heard of a session, in milliseconds. */
  longestGap: number;
}

export interface Load {
  countAcknowledged: () => number;
  countRetries: () => number;
  /** Waits for running requests, and compares the answers with the database. */
  finish: (database: Pick<PostgresServer, 'query'>) => Promise<LoadCounts>;
}

const clients = 20;
const operation =
  'mutation ($key: String!) { newAISession(input: { idempotencyKey: $key, purpose: $key }) { id purpose } }';

/**
 * Starts clients that create one session after another. Each retries a key until the server acknowledges it.
 * @param servers the URLs of servers, which take turns
 */
export function startLoad(servers: string[], token: string, name: string): Load {
  const idByKey = new Map<string, string>();
  const refused = new Set<string>();
  let requests = 0;
  let retries = 0;
  let slowest = 0;
  let longestGap = 0;
  let last = performance.now();
  const over = new AbortController();

  function acknowledge(key: string, id: string): void {
    idByKey.set(key, id);
    const now = performance.now();
    longestGap = Math.max(longestGap, now - last);
    last = now;
  }

  /** Returns whether the answer is final. */
  async function attempt(key: string): Promise<boolean> {
    const start = performance.now();
    requests += 1;
    try {
      const server = servers[requests % servers.length] ?? '';
      const signal = AbortSignal.timeout(10_000);
      const { data, errors } = await sendGraphQL(server, { query: operation, variables: { key } }, { token, signal });
      const code = errors?.[0]?.extensions.code;
      if (code === 'SERVICE_UNAVAILABLE') return false;
      if (!errors && data.newAISession.purpose === key) acknowledge(key, data.newAISession.id);
      else refused.add(`${key}: ${code}`);
      return true;
    } catch {
      // The server is down or the connection broke, so the client cannot know whether the session exists.
      return false;
    } finally {
      slowest = Math.max(slowest, performance.now() - start);
    }
  }

  async function runClient(client: number): Promise<void> {
    for (let index = 0; !over.signal.aborted; index += 1) {
      const key = `${name} ${client} ${index}`;
      while (!(await attempt(key))) {
        retries += 1;
        await sleep(100);
      }
      await sleep(10);
    }
  }

  const running = Promise.all(Array.from({ length: clients }, (_, client) => runClient(client)));
  return {
    countAcknowledged: () => idByKey.size,
    countRetries: () => retries,
    async finish(database) {
      over.abort();
      await running;
      const rows = await database.query(
        `select id, key from ai_sessions join idempotency_keys on session_id = id where key like '${name} %'`,
      );
      const foundIds = new Set(rows.map(({ id }) => id));
      const foundKeys = new Set(rows.map(({ key }) => key));
      const acknowledgedIds = new Set<unknown>(idByKey.values());
      return {
        acknowledged: idByKey.size,
        retries,
        refused: refused.size,
        found: rows.length,
        lost: [...acknowledgedIds].filter((id) => !foundIds.has(id)).length,
        doubled: rows.length - foundKeys.size,
        unknown: [...foundIds].filter((id) => !acknowledgedIds.has(id)).length,
        slowest: Math.round(slowest),
        longestGap: Math.round(longestGap),
      };
    },
  };
}
