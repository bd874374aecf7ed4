import { badInput } from '../errors.ts';

export type Fields = Record<string, unknown>;

/** Runs the document of an operation for the viewer of the request. Throws the first error of its result. */
export type Execute = (variables: Fields) => Promise<Fields>;

export interface Operation {
  name: string;
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Its own route. It answers at /api/{name} and /json/reply/{name} too. */
  path: string;
  document: string;
  /** The schema coordinate of the document's field, whose description is the operation's. */
  coordinate: string;
  /** The fields of a request: variables of the document, and the schema coordinates of the inputs that they are for. */
  fields: Record<string, string>;
  /** Clients' words for the values of enums. */
  words?: Record<string, string>;
  /** Boolean fields that are no variables, with their descriptions. */
  flags?: Record<string, string>;
  isList?: boolean;
  /** Makes the answer: undefined means no content. Without it, the answer is the document's one field. */
  answer?: (execute: Execute, variables: Fields, flags: Flags) => Promise<unknown>;
}

type Flags = Record<string, boolean>;

/** In the order of the API that this one replaces, which is that of its CSV columns. */
export const sessionFields = 'accountId accountName purpose id dateCreated dateLastModified createdBy lastModifiedBy';
const session = `{ ${sessionFields} }`;

/** The operations of the REST API. A new one is an entry here. */
export const operations: Operation[] = [
  {
    name: 'NewAISession',
    method: 'POST',
    path: '/ai/sessions',
    document: `mutation NewAISession($accountId: ID = null, $purpose: String = null, $idempotencyKey: String = null) {
      newAISession(input: { accountId: $accountId, purpose: $purpose, idempotencyKey: $idempotencyKey }) ${session}
    }`,
    coordinate: 'Mutation.newAISession',
    fields: {
      accountId: 'NewAISessionInput.accountId',
      purpose: 'NewAISessionInput.purpose',
      idempotencyKey: 'NewAISessionInput.idempotencyKey',
    },
  },
  {
    name: 'ListAISessions',
    method: 'GET',
    path: '/ai/sessions',
    document: `query ListAISessions(
      $accountIds: [ID!], $specificIds: [ID!], $page: Int, $countPerPage: Int, $after: String
      $sortField: AISessionOrderField = DATE_CREATED, $sortOrder: OrderDirection = DESC, $withoutTotal: Boolean = false
    ) {
      aiSessions(
        filter: { accountIds: $accountIds, ids: $specificIds }, orderBy: { field: $sortField, direction: $sortOrder }
        offset: $page, first: $countPerPage, after: $after
      ) { totalCount @skip(if: $withoutTotal) pageInfo { hasNextPage endCursor } edges { node ${session} } }
    }`,
    coordinate: 'Query.aiSessions',
    fields: {
      accountIds: 'AISessionFilter.accountIds',
      specificIds: 'AISessionFilter.ids',
      page: 'Query.aiSessions(offset:)',
      countPerPage: 'Query.aiSessions(first:)',
      sortField: 'AISessionOrder.field',
      sortOrder: 'AISessionOrder.direction',
    },
    words: { dateCreated: 'DATE_CREATED', dateLastModified: 'DATE_LAST_MODIFIED', Ascend: 'ASC', Descend: 'DESC' },
    flags: {
      all: 'Answers the whole list at once, if it has at most 10,000 sessions.',
      simplifiedPaging: 'Answers only items and hasMorePages, without counting the whole list.',
    },
    isList: true,
    answer: (execute, variables, flags) =>
      flags['all'] ? listAll(execute, variables, flags) : listPage(execute, variables, flags),
  },
  {
    name: 'GetAISession',
    method: 'GET',
    path: '/ai/sessions/:sessionId',
    document: `query GetAISession($sessionId: ID!) { aiSession(id: $sessionId) ${session} }`,
    coordinate: 'Query.aiSession',
    fields: { sessionId: 'Query.aiSession(id:)' },
  },
  {
    name: 'PatchAISession',
    method: 'PATCH',
    path: '/ai/sessions/:sessionId',
    document: `mutation PatchAISession($sessionId: ID!, $purpose: String) {
      patchAISession(input: { id: $sessionId, purpose: $purpose }) ${session}
    }`,
    coordinate: 'Mutation.patchAISession',
    fields: { sessionId: 'PatchAISessionInput.id', purpose: 'PatchAISessionInput.purpose' },
  },
  {
    name: 'DeleteAISession',
    method: 'DELETE',
    path: '/ai/sessions/:sessionId',
    document: 'mutation DeleteAISession($sessionId: ID!) { deleteAISession(id: $sessionId) }',
    coordinate: 'Mutation.deleteAISession',
    fields: { sessionId: 'Mutation.deleteAISession(id:)' },
    answer: async (execute, variables) => void (await execute(variables)),
  },
];

interface Connection {
  totalCount?: number;
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  edges: { node: object }[];
}

/** The most sessions that `all` answers. */
export const longestList = 10_000;

/** A list that is written while it is read, so that memory holds one page of it at a time. */
export interface StreamedList {
  pages: AsyncIterable<object[]>;
  /** The rest of the answer, beside its items. */
  totals: Fields;
}

export function isStreamed(answer: unknown): answer is StreamedList {
  return typeof answer === 'object' && answer !== null && 'pages' in answer;
}

/** Answers a page by its number, from 0. */
async function listPage(execute: Execute, variables: Fields, { simplifiedPaging }: Flags) {
  const { page, countPerPage } = { page: 0, ...variables, countPerPage: variables['countPerPage'] ?? 25 };
  // What is not a number is left for GraphQL to refuse.
  const isNumbered = typeof page === 'number' && typeof countPerPage === 'number';
  const offset = isNumbered ? Math.min(page * countPerPage, 2 ** 31 - 1) : page;
  const change = { page: offset, countPerPage, withoutTotal: simplifiedPaging };
  const { totalCount, pageInfo, edges } = await readConnection(execute, { ...variables, ...change });
  const totals = simplifiedPaging
    ? {}
    : { totalCount, totalPages: Math.ceil(Number(totalCount) / Number(countPerPage)) };
  return { items: edges.map(({ node }) => node), ...totals, hasMorePages: pageInfo.hasNextPage };
}

/** Answers the whole list as one page. */
async function listAll(execute: Execute, { page: _page, ...variables }: Fields, { simplifiedPaging }: Flags) {
  const fullPage = { ...variables, countPerPage: 100 };
  const first = await readConnection(execute, fullPage);
  const { totalCount = 0 } = first;
  if (totalCount > longestList) {
    throw badInput('all', `"all" answers lists of at most ${longestList} sessions: read this one by "page".`);
  }
  const totals = simplifiedPaging ? {} : { totalCount, totalPages: Math.min(totalCount, 1) };
  return { pages: readPages(execute, fullPage, first), totals: { ...totals, hasMorePages: false } };
}

async function* readPages(execute: Execute, variables: Fields, first: Connection): AsyncGenerator<object[]> {
  let { pageInfo, edges } = first;
  yield edges.map(({ node }) => node);
  while (pageInfo.hasNextPage) {
    const rest = { ...variables, after: pageInfo.endCursor, withoutTotal: true };
    ({ pageInfo, edges } = await readConnection(execute, rest));
    yield edges.map(({ node }) => node);
  }
}

async function readConnection(execute: Execute, variables: Fields): Promise<Connection> {
  const given = Object.entries(variables).filter(([, value]) => value !== null);
  const { aiSessions } = await execute(Object.fromEntries(given));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the document asks for exactly this
  return aiSessions as Connection;
}
