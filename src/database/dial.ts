import { connect } from 'node:net';
import { Duplex } from 'node:stream';

interface Address {
  host: string | string[];
  port: number | number[];
  path?: string | undefined;
}

const intervalMs = 60;
const patienceMs = 500;

/**
 * Makes what postgres.js opens its sockets with. It would try a database that went away thousands of times a second:
 * this lets `burst` attempts through at once and then one each 60 ms, and goes round where there are several hosts.
 */
export function createDial(burst: number): (address: Address) => Promise<Duplex> {
  const mayTry = createPace(burst);
  let attempts = 0;
  return async ({ host, port, path }) => {
    if (!(await mayTry())) return failingSocket();
    if (path) return connect(path);
    const [hosts, ports] = [[host].flat(), [port].flat()];
    const index = attempts++ % hosts.length;
    const address = { host: hosts[index] ?? 'localhost', port: ports[index] ?? 5432 };
    // postgres.js reads both for TLS.
    return Object.assign(connect(address), address);
  };
}

/** Makes a function that tells, at most half a second later, whether one may try now. */
function createPace(burst: number): () => Promise<boolean> {
  const waiting = new Set<(mayTry: boolean) => void>();
  let allowed = burst;

  function pass(): void {
    // The newest first: who has waited for long may have been given up, and the first after a recovery must get through.
    const newest = [...waiting].at(-1);
    if (newest) settle(newest, true);
    else allowed += 1;
    if (allowed < burst) setTimeout(pass, intervalMs);
  }

  function settle(resolve: (mayTry: boolean) => void, mayTry: boolean): void {
    if (waiting.delete(resolve)) resolve(mayTry);
  }

  return () => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    if (allowed === burst) setTimeout(pass, intervalMs);
    if (allowed > 0) {
      allowed -= 1;
      resolve(true);
    } else {
      waiting.add(resolve);
      setTimeout(settle, patienceMs, resolve, false);
    }
    return promise;
  };
}

/**
 * Fails when the driver writes to it, as it does at once. It hangs when a socket cannot be made, and its connection is dead
 * for good when one closes before it was written to (porsager/postgres#1154).
 */
function failingSocket(): Duplex {
  const error = Object.assign(new Error('the database was tried too often'), { code: 'ECONNREFUSED' });
  return new Duplex({ read() {}, write: (_chunk, _encoding, done) => done(error) });
}
