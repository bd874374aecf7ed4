import { runClient, type Ask } from './client.ts';
import { createKnownSessions } from './known-sessions.ts';
import type { Request } from './operation.ts';
import type { Progress } from './progress.ts';
import type { Recorder } from './recorder.ts';
import type { Random } from './seeded-random.ts';
import { sendRequest } from './send-request.ts';

export interface LoadOptions {
  servers: readonly [ServerAddress, ...ServerAddress[]];
  /** The token of each user. */
  tokens: ReadonlyMap<string, string>;
  accountIds: readonly [string, ...string[]];
  count: number;
  recorder: Recorder;
  progress: Progress;
  random: Random;
}

interface ServerAddress {
  name: string;
  url: string;
}

export interface Load {
  /** Lets clients finish what they have begun. */
  finish: () => Promise<void>;
  /** Has each server list all acknowledged sessions. */
  listAll: () => Promise<void>;
  /** Gives everything up. */
  giveUp: () => Promise<void>;
}

/** The users whose keys are used, and the most ids that a list takes. */
export const users = ['alice', 'bob'] as const;
const mostIds = 100;

/** Starts clients, each with keys of its own. Half of them are alice's and half are bob's, with equal keys. */
export function startClients({ servers, tokens, accountIds, count, recorder, progress, random }: LoadOptions): Load {
  const known = createKnownSessions();
  const over = new AbortController();
  const givenUp = new AbortController();

  const asClient = (client: string): Ask => {
    const choices = random.fork();
    return async (request, user, place) => {
      const server = place === undefined ? choices.pick(servers) : (servers[place % servers.length] ?? servers[0]);
      const { number, end } = recorder.begin({ client, server: server.name, user, request });
      const outcome = await sendRequest(server.url, tokens.get(user) ?? '', request, number);
      end(outcome);
      progress.count(request, outcome);
      return outcome;
    };
  };

  const running = Promise.all(
    Array.from({ length: count }, (_, index) =>
      runClient({
        ask: asClient(`client ${index}`),
        user: users[index % users.length] ?? users[0],
        users,
        accountIds,
        name: `client ${Math.floor(index / users.length)}`,
        known,
        random: random.fork(),
        isOver: over.signal,
        isGivenUp: givenUp.signal,
      }),
    ),
  );

  async function finish(): Promise<void> {
    over.abort();
    await running;
  }

  return {
    finish,
    async listAll() {
      const ids = known.ids();
      const ask = asClient('last reader');
      for (const server of servers.keys()) {
        for (let from = 0; from < ids.length; from += mostIds) {
          const request: Request = { action: 'list', ids: ids.slice(from, from + mostIds) };
          let attempts = 0;
          while ((await ask(request, users[0], server)).kind === 'unknown') {
            attempts += 1;
            if (attempts > 100) throw new Error('a server does not list what was acknowledged');
          }
        }
      }
    },
    async giveUp() {
      givenUp.abort();
      await finish();
    },
  };
}
