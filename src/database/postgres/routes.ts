import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '../failures.ts';
import type { Address, DatabaseUrl, Encryption } from './database-url.ts';

/** A way to PostgreSQL. */
export interface Route {
  address: Address;
  encryption: Encryption;
}

/** Chooses the host and the encryption of new connections. */
export interface Routes {
  readonly count: number;
  /** Returns the first route that has not failed, once it is this attempt's turn. */
  next(): Promise<Route>;
  noteSuccess(): void;
  /** Moves the route to the end; unless only its encryption was refused, with all others of its host. */
  noteFailure(route: Route, error: unknown): void;
}

/** How far apart attempts are after one that failed, in milliseconds. */
const pauseMs = 60;

/** What sslmode=prefer and allow fall back from: pg_hba.conf refuses the connection, or TLS fails. */
const refusedEncryption = /^(28000|EPROTO|ERR_SSL_.*)$/;

export function isEncryptionRefused(error: unknown): boolean {
  return refusedEncryption.test(errorCode(error));
}

export function createRoutes({ addresses, encryption: encryptions }: DatabaseUrl): Routes {
  let routes = addresses.flatMap((address) => encryptions.map((encryption) => ({ address, encryption })));
  let hasFailed = false;
  let turn: Promise<void> = Promise.resolve();

  return {
    count: routes.length,
    async next() {
      turn = turn.then(() => (hasFailed ? sleep(pauseMs) : undefined));
      await turn;
      const [first] = routes;
      if (!first) throw new Error('the URL of the database names no host');
      return first;
    },
    noteSuccess() {
      hasFailed = false;
    },
    noteFailure(route, error) {
      hasFailed = true;
      const isFailed = (other: Route) =>
        isEncryptionRefused(error) ? other === route : other.address === route.address;
      routes = [...routes.filter((other) => !isFailed(other)), ...routes.filter(isFailed)];
    },
  };
}
