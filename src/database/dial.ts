import { connect, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

interface Address {
  host: string | string[];
  port: number | number[];
  path?: string | undefined;
}

const intervalMs = 60;
const patienceMs = 500;

/**
 * Makes what postgres.js opens its sockets with. It would try a database that went away thousands of times a second:
 * this lets `burst` attempts through at once and then one each 60 ms, refuses those that would wait for long, and goes
 * round where there are several hosts.
 */
export function createDial(burst: number): (address: Address) => Promise<Socket> {
  let nextTurn = 0;
  let attempts = 0;
  return async ({ host, port, path }) => {
    const now = performance.now();
    const turn = Math.max(nextTurn, now - burst * intervalMs) + intervalMs;
    if (turn > now + patienceMs) return failingSocket();
    nextTurn = turn;
    if (turn > now) await sleep(turn - now);
    if (path) return connect(path);
    const [hosts, ports] = [[host].flat(), [port].flat()];
    const index = attempts++ % hosts.length;
    const address = { host: hosts[index] ?? 'localhost', port: ports[index] ?? 5432 };
    // postgres.js reads both for TLS.
    return Object.assign(connect(address), address);
  };
}

/** The driver hangs when this throws, so the socket must fail, once it listens. */
function failingSocket(): Socket {
  const socket = new Socket();
  const error = Object.assign(new Error('the database was tried too often'), { code: 'ECONNREFUSED' });
  setImmediate(() => socket.destroy(error));
  return socket;
}
