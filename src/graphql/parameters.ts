import type { IncomingMessage } from 'node:http';
import type { GraphQLParams } from 'graphql-yoga';
import type { Context } from '../context.ts';
import { CodedError } from '../errors.ts';
import { asksForPage } from './media-types.ts';

/** The parameters of a request, which may name a document instead of sending it. */
export type Parameters = GraphQLParams & { documentId?: unknown };

/**
 * Reads the parameters of GraphQL over HTTP.
 * @throws BAD_USER_INPUT, with 405 for another method and 415 for another media type than JSON
 */
export async function readParameters(request: IncomingMessage, context: Context): Promise<Parameters> {
  const params = await (request.method === 'POST' ? readBody(context) : readUrl(request));
  if (params.operationName === '') delete params.operationName;
  // Yoga takes an operationName of any type, and finds no such operation.
  if (typeof (params.operationName ?? '') === 'string') return params;
  throw new CodedError('BAD_USER_INPUT', '"operationName" must be a string.');
}

async function readBody({ mediaType, readBody: read }: Context): Promise<Parameters> {
  const body = await read();
  // A foreign page may send forms and plain text without a preflight, so we refuse them.
  if (mediaType === 'application/json') return parseJson('The body', body) ?? {};
  throw new CodedError('BAD_USER_INPUT', 'Send JSON, with the header Content-Type: application/json.', { status: 415 });
}

/** Reads what a query may have in its URL. All else is ignored, such as `utm_source`; so is what is empty. */
function readUrl(request: IncomingMessage): Parameters {
  if (request.method !== 'GET') {
    const allow = { status: 405, headers: { Allow: 'GET, POST' } };
    throw new CodedError('BAD_USER_INPUT', 'Send operations by POST, or queries by GET.', allow);
  }
  const given = parseForm('The query string', targetOf(request).search);
  const [query, operationName] = [given.get('query'), given.get('operationName')];
  const documentId = given.get('documentId');
  if (!query && asksForPage(request)) throw new CodedError('BAD_USER_INPUT', 'GraphiQL is off: set GRAPHIQL=on.');
  const parse = (name: string) => parseJson(`"${name}"`, given.get(name) || 'null');
  return {
    ...(query && { query }),
    ...(documentId && { documentId }),
    ...(operationName && { operationName }),
    variables: parse('variables'),
    extensions: parse('extensions'),
  };
}

/** The target of a request, of which only the path and the query are the client's. */
export function targetOf({ url = '/' }: IncomingMessage): URL {
  return new URL(url, 'http://localhost');
}

/** Parses JSON, also behind a byte-order mark. @throws BAD_USER_INPUT */
export function parseJson(what: string, json: string) {
  return attempt(`${what} is not valid JSON.`, () => JSON.parse(json.trim()));
}

/** Parses a form or a query string. @throws BAD_USER_INPUT if it has bytes that are not UTF-8 */
export function parseForm(what: string, form: string): URLSearchParams {
  // URLSearchParams would replace them.
  attempt(`${what} is not valid UTF-8.`, () => form.replaceAll(/(?:%[\da-f]{2})+/gi, decodeURIComponent));
  return new URLSearchParams(form);
}

function attempt<Value>(message: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (cause) {
    throw new CodedError('BAD_USER_INPUT', message, { cause });
  }
}
