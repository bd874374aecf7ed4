/** Every `extensions.code` that a client can receive, with its HTTP status. */
export const errorStatus = {
  BAD_USER_INPUT: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  IDEMPOTENCY_KEY_REUSED: 409,
  RATE_LIMITED: 429,
  INTERNAL_SERVER_ERROR: 500,
  SERVICE_UNAVAILABLE: 503,
  PERSISTED_QUERY_NOT_FOUND: 200,
  PERSISTED_QUERY_NOT_SUPPORTED: 200,
} as const;

interface CodedErrorOptions {
  /** The input at fault, by the client's name for it. */
  field?: string;
  /** Replaces the status of the code, for HTTP faults such as 405 and 413. */
  status?: number;
  headers?: Record<string, string>;
  /** After how many seconds to try again. */
  retryAfter?: number;
  /** The underlying error: logged, never sent. */
  cause?: unknown;
}

/** An expected failure, whose message reaches the client. graphql-js copies `extensions` into the error that it sends. */
export class CodedError extends Error {
  override readonly name: string = 'CodedError';
  readonly extensions: { code: keyof typeof errorStatus; field: string | undefined; retryAfter: number | undefined };
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(code: keyof typeof errorStatus, message: string, options: CodedErrorOptions = {}) {
    super(message, { cause: options.cause });
    const { field, retryAfter } = options;
    this.extensions = { code, field, retryAfter };
    this.status = options.status ?? errorStatus[code];
    this.headers = { ...options.headers, ...(retryAfter !== undefined && { 'Retry-After': String(retryAfter) }) };
  }
}

/** Something that this request needs cannot serve now. */
export class ServiceUnavailableError extends CodedError {
  override readonly name = 'ServiceUnavailableError';

  /**
   * @param service what is unavailable, as the subject of a sentence
   * @param fault the rest of that sentence
   */
  constructor(service: string, cause?: unknown, fault = 'did not answer in time') {
    super('SERVICE_UNAVAILABLE', `${service} ${fault}. Try again soon.`, { retryAfter: 2, cause });
  }
}

export function badInput(field: string, message: string): CodedError {
  return new CodedError('BAD_USER_INPUT', message, { field });
}

/** A start-up problem that the operator can fix. */
export class StartupError extends Error {}

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The SQLSTATE, or the code of the driver or the system, underneath what wraps it; empty for other errors. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return '';
  return 'code' in error && typeof error.code === 'string' ? error.code : errorCode(error.cause);
}
