import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { findFreePort } from './server-process.ts';

/** A network between the server and its database that does what the test says. */
export interface TcpProxy {
  port: number;
  /** How many connections have been accepted so far. */
  countConnections: () => number;
  /** How many connections of clients are open. */
  countOpen: () => number;
  /** How many connections of clients were open at the same time so far. */
  countOpenAtPeak: () => number;
  /** From now on, new connections pass. Those that were stalled stay dead, as they do when a router forgot them. */
  forward: () => Promise<void>;
  /** Resets the open connections. */
  cut: () => void;
  /** Drops what comes, without a word: the open connections stay open for ever, and new ones are never answered. */
  stall: () => void;
  /** Lets what was sent pass, but drops the answers, on the open connections. */
  dropAnswers: () => void;
  /** Cuts the open connections and closes new ones as soon as something arrives. */
  closeAtStart: () => void;
  /** Cuts the open connections and stops listening. */
  refuse: () => Promise<void>;
  close: () => Promise<void>;
}

interface Link {
  client: Socket;
  backend?: Socket;
  drops: { requests: boolean; answers: boolean };
}

interface Ends {
  /** Where the proxy listens; on a free port of this machine unless said otherwise. */
  host?: string;
  port?: number;
  /** Where `targetPort` is, if not on this machine. */
  targetHost?: string;
}

/** Starts a proxy in front of `targetPort` that passes everything on. */
export async function startProxy(targetPort: number, ends: Ends = {}): Promise<TcpProxy> {
  const { host = '127.0.0.1', targetHost = '127.0.0.1', port = await findFreePort() } = ends;
  let mode: 'forward' | 'stall' | 'close' = 'forward';
  let accepted = 0;
  let openAtPeak = 0;
  const links = new Set<Link>();
  const server = createServer({ noDelay: true }, (client) => {
    accepted += 1;
    // A reset is what these tests are about: each side hears of the other's end by 'close'.
    client.on('error', () => {});
    const link: Link = { client, drops: { requests: mode === 'stall', answers: mode === 'stall' } };
    links.add(link);
    openAtPeak = Math.max(openAtPeak, countOpen());
    if (mode === 'forward') passOn(link);
    else client.once('data', () => mode === 'close' && client.end()).resume();
  });

  function countOpen(): number {
    return [...links].filter(({ client }) => !client.destroyed).length;
  }

  function passOn(link: Link): void {
    const { client, drops } = link;
    const backend = connect({ port: targetPort, host: targetHost, noDelay: true }).on('error', () => {});
    link.backend = backend;
    client.on('data', (chunk: Buffer) => drops.requests || backend.write(chunk));
    client.on('close', () => drops.requests || backend.destroy());
    backend.on('data', (chunk: Buffer) => drops.answers || client.write(chunk));
    backend.on('close', () => drops.answers || client.destroy());
  }

  function cut(): void {
    for (const { client, backend } of links) {
      client.resetAndDestroy();
      backend?.resetAndDestroy();
    }
    links.clear();
  }

  async function listen(): Promise<void> {
    server.listen(port, host);
    await once(server, 'listening');
  }

  async function refuse(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    cut();
    await closed;
  }

  function drop(drops: Link['drops']): void {
    for (const link of links) Object.assign(link.drops, drops);
  }

  await listen();
  return {
    port,
    countConnections: () => accepted,
    countOpen,
    countOpenAtPeak: () => openAtPeak,
    async forward() {
      mode = 'forward';
      if (!server.listening) await listen();
    },
    cut,
    stall() {
      mode = 'stall';
      drop({ requests: true, answers: true });
    },
    dropAnswers: () => drop({ requests: false, answers: true }),
    closeAtStart() {
      mode = 'close';
      cut();
    },
    refuse,
    close: refuse,
  };
}
