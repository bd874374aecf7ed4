export interface RequestOptions {
  /** Null: signed out. Left out: signed in as an administrator. */
  token?: string | null;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export interface GraphQLAnswer {
  status: number;
  headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- the shape of the answer is what the tests are about
  data: any;
  errors:
    | {
        message: string;
        path?: (string | number)[];
        locations?: { line: number; column: number }[];
        extensions: { code: string; field?: string; retryAfter?: number };
      }[]
    | undefined;
}

/** A server to which operations are sent. */
export interface GraphQLServer {
  /** Sends an operation as JSON. */
  graphql: (query: string, variables?: object, options?: RequestOptions) => Promise<GraphQLAnswer>;
}

/** Writes a text so many times, with spaces between. */
export const times = (count: number, write: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => write(index)).join(' ');

/** Sends the parameters of an operation to the server at `url`, signed out unless there is a token. */
export async function sendGraphQL(
  url: string,
  parameters: object,
  { token, headers, signal }: RequestOptions = {},
): Promise<GraphQLAnswer> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }), ...headers },
    body: JSON.stringify(parameters),
    ...(signal && { signal }),
  });
  const { data, errors } = await response.json();
  return { status: response.status, headers: response.headers, data, errors };
}
