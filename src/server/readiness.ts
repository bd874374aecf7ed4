import { findFault } from '../database/database-check.ts';
import type { Database } from '../database/database.ts';
import { ReadOnlyError } from '../database/failures.ts';

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
      return { isReady: false, status: error instanceof ReadOnlyError ? error.reason : 'the database does not answer' };
    }
  }

  return async () => {
    if (stopping.aborted) return { isReady: false, status: 'stopping' };
    // Concurrent probes share one query.
    pending ??= ask().finally(() => (pending = undefined));
    return pending;
  };
}
