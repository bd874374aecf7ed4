import type { Outcome, Request, Session } from './operation.ts';

/** How long a client waits for an answer, in milliseconds. */
const patienceMs = 4000;

interface HttpRequest {
  path: string;
  method: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: object;
}

interface GraphQLAnswer {
  data?: { session?: Session | null; list?: { edges: { node: Session }[] } | null; deletedId?: string | null } | null;
  errors?: { extensions?: { code?: string } }[];
}

interface RestFailure {
  responseStatus?: { errorCode: string };
}

const fields = 'id purpose accountId accountName createdBy lastModifiedBy dateCreated dateLastModified';
const creation = `mutation ($input: NewAISessionInput!) { session: newAISession(input: $input) { ${fields} } }`;
const find = `query ($id: ID!) { session: aiSession(id: $id) { ${fields} } }`;
const node = `query ($id: ID!) { session: node(id: $id) { ... on AISessionInfo { ${fields} } } }`;
const list = `query ($ids: [ID!]) { list: aiSessions(first: 100, filter: { ids: $ids }) { edges { node { ${fields} } } } }`;
const newest = `query ($count: Int) { list: aiSessions(first: $count) { edges { node { ${fields} } } } }`;
const patch = `mutation ($input: PatchAISessionInput!) { session: patchAISession(input: $input) { ${fields} } }`;
const deletion = 'mutation ($id: ID!) { deletedId: deleteAISession(id: $id) }';

const restCodes = new Map([
  ['NotFound', 'NOT_FOUND'],
  ['IdempotencyKeyReused', 'IDEMPOTENCY_KEY_REUSED'],
  ['ServiceUnavailable', 'SERVICE_UNAVAILABLE'],
]);

/** Sends a request to a server, once, and reads how it ended. The server logs its number. */
export async function sendRequest(server: string, token: string, request: Request, number: number): Promise<Outcome> {
  const { path, method, headers, body } = toHttp(request);
  let status: number;
  let text: string;
  try {
    const response = await fetch(server + path, {
      method,
      headers: {
        'Content-Type': 'application/json',
        Authorization: `Bearer ${token}`,
        'X-Request-Id': String(number),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(patienceMs),
    });
    status = response.status;
    text = await response.text();
  } catch (error) {
    return { kind: 'unknown', reason: reasonOf(error) };
  }
  try {
    return path === '/graphql' ? readGraphQL(JSON.parse(text)) : readRest(status, JSON.parse(text));
  } catch {
    return { kind: 'error', code: `status ${status} without JSON`, hasData: false };
  }
}

function toHttp(request: Request): HttpRequest {
  switch (request.action) {
    case 'create': {
      const { key, purpose, accountId } = request;
      if (request.by === 'GraphQL') return toGraphQL(creation, { input: { idempotencyKey: key, purpose, accountId } });
      const headers = { 'Idempotency-Key': key };
      return { path: '/ai/sessions', method: 'POST', headers, body: { purpose, accountId } };
    }
    case 'read':
      if (request.by === 'REST') return { path: `/ai/sessions/${request.id}`, method: 'GET' };
      return toGraphQL(request.by === 'node' ? node : find, { id: request.id });
    case 'list':
      return toGraphQL(list, { ids: request.ids });
    case 'newest':
      return toGraphQL(newest, { count: request.count });
    case 'patch':
      return toGraphQL(patch, { input: { id: request.id, purpose: request.purpose } });
    default:
      return toGraphQL(deletion, { id: request.id });
  }
}

const toGraphQL = (query: string, variables: object): HttpRequest => ({
  path: '/graphql',
  method: 'POST',
  body: { query, variables },
});

function readGraphQL({ data, errors }: GraphQLAnswer): Outcome {
  const { session, list: page, deletedId } = data ?? {};
  if (errors) return failed(errors[0]?.extensions?.code ?? 'none', Boolean(session ?? page ?? deletedId));
  if (page) return { kind: 'ok', sessions: page.edges.map((edge) => edge.node) };
  if (deletedId) return { kind: 'ok', sessions: [], deletedId };
  if (session === undefined) return failed('no data', false);
  return { kind: 'ok', sessions: session ? [session] : [] };
}

function readRest(status: number, answer: RestFailure & Session): Outcome {
  const { responseStatus, ...session } = answer;
  if (status === 200 && !responseStatus) return { kind: 'ok', sessions: [session] };
  const code = responseStatus?.errorCode ?? `status ${status}`;
  return failed(restCodes.get(code) ?? code, session.id !== undefined);
}

function failed(code: string, hasData: boolean): Outcome {
  const isUnknown = code === 'SERVICE_UNAVAILABLE' && !hasData;
  return isUnknown ? { kind: 'unknown', reason: code } : { kind: 'error', code, hasData };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error && 'code' in error.cause) return String(error.cause.code);
  return error.name;
}
