import type { Logger } from './log.ts';
import { writes, type actions } from './metrics.ts';

export type Action = (typeof actions)[number];

export interface Written {
  sessionId?: string;
  accountId?: string | null | undefined;
}

/** Logs and counts a write: the line of the request says neither to what it was done, nor whose that is. */
export function audit(
  action: Action | `${Action}: outcome unknown`,
  written: Written,
  { log, viewer }: { log: Logger; viewer: { id: string } },
): void {
  writes.inc({ action });
  log.info({ ...written, viewer: viewer.id }, action);
}
