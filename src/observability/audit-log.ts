import type { Logger } from './log.ts';
import { writes } from './metrics.ts';

interface Written {
  sessionId?: string;
  accountId: string | null;
}

/** Logs and counts what was written: the line of the request says neither to what it was done, nor whose that is. */
export function audit(
  action: 'account created' | 'session created' | 'session changed' | 'session deleted',
  written: Written,
  { log, viewer }: { log: Logger; viewer: { id: string } | null },
): void {
  writes.inc({ action });
  log.info({ ...written, viewer: viewer?.id }, action);
}
