import { badInput } from '../errors.ts';

export type Fields = Record<string, unknown>;

/** Runs the document of an operation for the caller of the request; throws the first error of its result. */
export type Execute = (variables: Fields) => Promise<Fields>;

export interface Operation {
  name: string;
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Its own route; it answers at /api/{name} and /json/reply/{name} too. */
  path: string;
  /** Its variables are the fields of a request. Their texts in the OpenAPI document are those of what they are used for. */
  document: string;
  /** What HTTP clients call a variable, where that differs; empty: it is not theirs. */
  names?: Record<string, string>;
  /** What HTTP clients call the values of enums. */
  values?: Record<string, string>;
  /** Boolean fields that are no variables, with their texts. */
  flags?: Record<string, string>;
  /** Whether the answer is a list response. */
  isList?: boolean;
  /** Makes the answer; undefined: there is nothing to tell. Without it, that is the one field of the document. */
  answer?: (execute: Execute, variables: Fields, flags: Record<string, boolean>) => Promise<unknown>;
}

const session = '{ accountId accountName purpose id dateCreated dateLastModified createdBy lastModifiedBy }';

/** The operations of the HTTP face: a new one costs an entry here. */
export const operations: Operation[] = [
  {
    name: 'NewAISession',
    method: 'POST',
    path: '/ai/sessions',
    document: `mutation NewAISession($accountId: ID = null, $purpose: String = null, $idempotencyKey: String = null) {
      newAISession(input: { accountId: $accountId, purpose: $purpose, idempotencyKey: $idempotencyKey }) ${session}
    }`,
  },
  {
    name: 'ListAISessions',
    method: 'GET',
    path: '/ai/sessions',
    document: `query ListAISessions(
      $accountIds: [ID!], $ids: [ID!], $offset: Int, $first: Int, $after: String, $field: AISessionOrderField = DATE_CREATED
      $direction: OrderDirection = DESC, $withoutTotal: Boolean = false
    ) {
      aiSessions(
        filter: { accountIds: $accountIds, ids: $ids }, orderBy: { field: $field, direction: $direction }
        offset: $offset, first: $first, after: $after
      ) { totalCount @skip(if: $withoutTotal) pageInfo { hasNextPage endCursor } edges { node ${session} } }
    }`,
    names: {
      ids: 'specificIds',
      offset: 'page',
      first: 'countPerPage',
      field: 'sortField',
      direction: 'sortOrder',
      after: '',
      withoutTotal: '',
    },
    values: { dateCreated: 'DATE_CREATED', dateLastModified: 'DATE_LAST_MODIFIED', Ascend: 'ASC', Descend: 'DESC' },
    flags: {
      all: 'Answers the whole list at once, if it is not longer than 10,000.',
      simplifiedPaging: 'Answers only items and hasMorePages, without counting the whole list.',
    },
    isList: true,
    answer: listSessions,
  },
  {
    name: 'GetAISession',
    method: 'GET',
    path: '/ai/sessions/:sessionId',
    document: `query GetAISession($id: ID!) { aiSession(id: $id) ${session} }`,
    names: { id: 'sessionId' },
  },
  {
    name: 'PatchAISession',
    method: 'PATCH',
    path: '/ai/sessions/:sessionId',
    document: `mutation PatchAISession($id: ID!, $purpose: String) {
      patchAISession(input: { id: $id, purpose: $purpose }) ${session}
    }`,
    names: { id: 'sessionId' },
  },
  {
    name: 'DeleteAISession',
    method: 'DELETE',
    path: '/ai/sessions/:sessionId',
    document: 'mutation DeleteAISession($id: ID!) { deleteAISession(id: $id) }',
    names: { id: 'sessionId' },
    answer: async (execute, variables) => void (await execute(variables)),
  },
];

interface Connection {
  totalCount?: number;
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  edges: { node: object }[];
}

const longestList = 10_000;

/** Answers a page by its number, or the whole list where it is not too long. */
async function listSessions(execute: Execute, variables: Fields, { all, simplifiedPaging }: Record<string, boolean>) {
  const size = all ? 100 : (variables.first ?? 25);
  const number = all ? undefined : variables.offset;
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== null));
  const read = async (change: Fields) => {
    const data = await execute({ ...given, first: size, ...change });
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- just what the document asks for
    return data.aiSessions as Connection;
  };
  // What is no number is left for GraphQL to refuse.
  const isNumbered = typeof number === 'number' && typeof size === 'number';
  const offset = isNumbered ? Math.min(number * size, 2 ** 31 - 1) : number;
  let { totalCount, pageInfo, edges } = await read({ offset, withoutTotal: simplifiedPaging && !all });
  if (all && Number(totalCount) > longestList) {
    throw badInput('all', `"all" answers lists of at most ${longestList} sessions: read this one by "page".`);
  }
  const items = edges;
  if (all) {
    while (pageInfo.hasNextPage) {
      ({ pageInfo, edges } = await read({ offset: undefined, after: pageInfo.endCursor, withoutTotal: true }));
      items.push(...edges);
    }
  }
  const totalPages = Math.ceil(Number(totalCount) / (all ? longestList : Number(size)));
  const totals = simplifiedPaging ? {} : { totalCount, totalPages };
  return { items: items.map(({ node }) => node), ...totals, hasMorePages: pageInfo.hasNextPage };
}
