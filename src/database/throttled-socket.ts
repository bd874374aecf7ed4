import { connect } from 'node:net';
import { Duplex } from 'node:stream';

interface Address {
  host: string | string[];
  port: number | number[];
  path?: string | undefined;
}

const refillMs = 60;
const patienceMs = 500;

/**
 * Makes the function that opens sockets for postgres.js. The driver alone would try a database that is down thousands of
 * times a second: this allows `burst` attempts at once, then one every 60 ms. It takes several hosts in turn.
 */
export function createThrottledSocket(burst: number): (address: Address) => Promise<Duplex> {
  const acquire = createThrottle(burst);
  let attempts = 0;
  return async ({ host, port, path }) => {
    if (!(await acquire())) return failingSocket();
    if (path) return connect(path);
    const [hosts, ports] = [[host].flat(), [port].flat()];
    const index = attempts++ % hosts.length;
    const address = { host: hosts[index] ?? 'localhost', port: ports[index] ?? 5432 };
    // postgres.js reads both properties for TLS.
    return Object.assign(connect(address), address);
  };
}

/**
 * Makes a token bucket of `burst` permits that gains one every 60 ms.
 * @returns a function that tells whether it got a permit, at most half a second later
 */
function createThrottle(burst: number): () => Promise<boolean> {
  const queue = new Set<(isAllowed: boolean) => void>();
  let permits = burst;

  function refill(): void {
    // Newest first: the oldest may have been abandoned, and the first request after a recovery must get through.
    const newest = [...queue].at(-1);
    if (newest) remove(newest, true);
    else permits += 1;
    if (permits < burst) setTimeout(refill, refillMs);
  }

  function remove(resolve: (isAllowed: boolean) => void, isAllowed: boolean): void {
    if (queue.delete(resolve)) resolve(isAllowed);
  }

  return async () => {
    if (permits === burst) setTimeout(refill, refillMs);
    if (permits > 0) {
      permits -= 1;
      return true;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    queue.add(resolve);
    setTimeout(remove, patienceMs, resolve, false);
    return promise;
  };
}

/**
 * Fails at the driver's first write, which comes at once. postgres.js hangs if no socket can be made, and its connection
 * never recovers from a socket that closes before the first write (porsager/postgres#1154).
 */
function failingSocket(): Duplex {
  const error = Object.assign(new Error('too many attempts to connect to the database'), { code: 'ECONNREFUSED' });
  return new Duplex({ read() {}, write: (_chunk, _encoding, done) => done(error) });
}
