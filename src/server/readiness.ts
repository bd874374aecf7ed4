import { findFault } from '../database/database-check.ts';
import type { Database } from '../database/database.ts';
import { DiskFullError } from '../database/embedded/disk-space.ts';

interface Readiness {
  isReady: boolean;
  /** In words, for operators. */
  status: string;
}

/**
 * Makes the check behind /ready: whether this process can serve requests now.
 * @param stopping aborted when the process was asked to stop
 */
export function createReadinessCheck(database: Database, stopping: AbortSignal): () => Promise<Readiness> {
  let pending: Promise<Readiness> | undefined;

  async function ask(): Promise<Readiness> {
    try {
      const fault = await database.run(findFault, 'lookups');
      return { isReady: fault === undefined, status: fault ?? 'ready' };
    } catch (error) {
      if (error instanceof DiskFullError) return { isReady: false, status: 'the disk of the database is nearly full' };
      return { isReady: false, status: 'the database does not answer' };
    }
  }

  return async () => {
    if (stopping.aborted) return { isReady: false, status: 'stopping' };
    // Concurrent probes share one query.
    pending ??= ask().finally(() => (pending = undefined));
    return pending;
  };
}
