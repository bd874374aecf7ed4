import type { KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';

export interface KeyServer {
  url: string;
  /** How often it was asked so far. */
  fetches: number;
  /** What it answers from now on. */
  answer: RequestListener;
  /** Refuses connections until it starts again. */
  stop: () => Promise<void>;
  start: () => Promise<void>;
}

/** Starts what publishes the keys of an identity provider. */
export async function startKeyServer(answer: RequestListener): Promise<KeyServer> {
  let port = 0;
  const server = createServer((request, response) => {
    keyServer.fetches += 1;
    keyServer.answer(request, response);
  });
  const keyServer: KeyServer = {
    url: '',
    fetches: 0,
    answer,
    async start() {
      await once(server.listen(port, '127.0.0.1'), 'listening');
      const address = server.address();
      if (address && typeof address === 'object') ({ port } = address);
      keyServer.url = `http://127.0.0.1:${port}/jwks`;
    },
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  await keyServer.start();
  return keyServer;
}

export const answerWith =
  (status: number, body: object | string | null, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(text);
  };

/** Answers a key set: each key by its name. */
export function publish(keys: Record<string, { publicKey: KeyObject }>, rest: object[] = []): RequestListener {
  const published = Object.entries(keys).map(([kid, { publicKey }]) => ({
    ...publicKey.export({ format: 'jwk' }),
    kid,
  }));
  return answerWith(200, { keys: [...published, ...rest] });
}
