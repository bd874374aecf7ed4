import { GraphQLError } from 'graphql';

/** Every `extensions.code` that a client can meet, with the HTTP status that it stands for. */
export const errorStatus = {
  BAD_USER_INPUT: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  IDEMPOTENCY_KEY_REUSED: 409,
  RATE_LIMITED: 429,
  INTERNAL_SERVER_ERROR: 500,
  SERVICE_UNAVAILABLE: 503,
} as const;

interface CodedErrorOptions {
  /** The input at fault, as the client knows it. */
  field?: string;
  /** Replaces the status of the code, for faults of HTTP itself such as 405 and 413. */
  status?: number;
  headers?: Record<string, string>;
  /** What went wrong underneath: logged, never sent. */
  cause?: unknown;
}

/** An expected failure. It is a GraphQLError because those, and only those, reach the client unmasked. */
export class CodedError extends GraphQLError {
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(code: keyof typeof errorStatus, message: string, options: CodedErrorOptions = {}) {
    super(message, { extensions: { code, field: options.field } });
    this.status = options.status ?? errorStatus[code];
    this.headers = options.headers ?? {};
    this.cause = options.cause;
  }
}

export function badInput(field: string, message: string): CodedError {
  return new CodedError('BAD_USER_INPUT', message, { field });
}

export function serviceUnavailable(who: string, cause?: unknown): CodedError {
  const headers = { 'Retry-After': '2' };
  return new CodedError('SERVICE_UNAVAILABLE', `${who} did not answer in time. Try again soon.`, { headers, cause });
}

/** A fault that whoever starts the process can mend. */
export class StartupError extends Error {}
