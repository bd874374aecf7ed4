import type { ExecutionResult } from 'graphql';
import { httpOf } from './errors.ts';

/** How a request ended. */
export type Outcome =
  /** The request itself is at fault, or cannot be served now: nothing ran. */
  | { kind: 'refused'; result: ExecutionResult; status: number; headers: Record<string, string> }
  /** The document or its variables are at fault: nothing ran. */
  | { kind: 'invalid'; result: ExecutionResult }
  /** The operation ran, whatever its fields say. */
  | { kind: 'executed'; result: ExecutionResult };

/** Tells the outcome of a request from the result of its operation. */
export function outcomeOf(result: ExecutionResult): Outcome {
  const [error] = result.errors ?? [];
  if (result.data !== undefined || !error) return { kind: 'executed', result };
  const { status, headers } = httpOf(error);
  return status === 400 ? { kind: 'invalid', result } : { kind: 'refused', result, status, headers };
}

/** Decides the HTTP status of a response: https://graphql.github.io/graphql-over-http/draft/#sec-Status-Codes */
export function statusOf(outcome: Outcome, mediaType: string): number {
  switch (outcome.kind) {
    case 'refused':
      return outcome.status;
    case 'invalid':
      // Clients of the older media type read errors from no other status than 200.
      return mediaType === 'application/json' ? 200 : 400;
    default:
      return 200;
  }
}
