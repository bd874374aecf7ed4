import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '../../errors.ts';
import { isOfConnection } from '../failures.ts';
import type { Address, DatabaseUrl, Encryption } from './database-url.ts';

/** A way to PostgreSQL. */
export interface Route {
  address: Address;
  encryption: Encryption;
}

export type Routes = ReturnType<typeof createRoutes>;

/** How far apart attempts are after one that failed, in milliseconds. */
const pauseMs = 60;

/** What sslmode=prefer and allow fall back from: pg_hba.conf refuses the connection, or TLS fails. */
const refusedEncryption = /^(28000|EPROTO|ERR_SSL_.*)$/;

/** Chooses the host and the encryption of each new connection: the first route that has not failed. */
export function createRoutes({ addresses, encryption: encryptions }: DatabaseUrl) {
  let routes = addresses.flatMap((address) => encryptions.map((encryption): Route => ({ address, encryption })));
  let hasFailed = false;
  let turn: Promise<void> = Promise.resolve();

  return {
    count: routes.length,

    /** Waits until this attempt may begin. */
    async next(): Promise<Route> {
      turn = turn.then(() => (hasFailed ? sleep(pauseMs) : undefined));
      await turn;
      const [first] = routes;
      if (!first) throw new Error('the URL of the database names no host');
      return first;
    },

    noteSuccess(): void {
      hasFailed = false;
    },

    /**
     * Moves the route to the end; unless only its encryption was refused, with all others of its host.
     * @returns whether another route may work
     */
    noteFailure(route: Route, error: unknown): boolean {
      hasFailed = true;
      const isRefused = refusedEncryption.test(errorCode(error));
      const isFailed = (other: Route) => (isRefused ? other === route : other.address === route.address);
      routes = [...routes.filter((other) => !isFailed(other)), ...routes.filter(isFailed)];
      return isRefused || isOfConnection(error);
    },
  };
}
