import { startServer, type ServerProcess } from './server-process.ts';
import { secret } from './sign-token.ts';
import { copyDataFolder } from './test-database.ts';

export interface WatchedAnswer {
  status: number;
  text: string;
  /** The longest that /health waited meanwhile, in milliseconds. */
  stillness: number;
}

/** Starts a server whose schema is open to all, with GraphiQL, or closed. */
export async function startWithGraphiQL(GRAPHIQL: 'on' | 'off'): Promise<ServerProcess> {
  const server = await startServer({ DATA_DIR: await copyDataFolder(), AUTH_SECRET: secret, GRAPHIQL });
  // The first refusal loads what others need.
  await sendWatched(server, '/graphql', { query: '{ unknown }' });
  return server;
}

/** Sends a request, and asks for /health again and again until its response is there. */
export async function sendWatched(
  { url }: ServerProcess,
  path: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<WatchedAnswer> {
  const over = new AbortController();
  let stillness = 0;
  async function watch(): Promise<void> {
    while (!over.signal.aborted) {
      const start = performance.now();
      await (await fetch(`${url}/health`)).text();
      stillness = Math.max(stillness, performance.now() - start);
    }
  }
  const watching = watch();
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  over.abort();
  await watching;
  return { status: response.status, text, stillness };
}

/** The messages of the errors of an answer. */
export function messagesOf(text: string): string[] {
  return JSON.parse(text).errors.map(({ message }: { message: string }) => message);
}
