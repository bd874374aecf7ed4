import type { ServerProcess } from './server-process.ts';

export interface WatchedAnswer {
  status: number;
  text: string;
  /** The longest that /health waited meanwhile, in milliseconds. */
  stillness: number;
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
