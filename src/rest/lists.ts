import { GRAPHQL_MAX_INT } from 'graphql';
import { badInput } from '../errors.ts';
import { defaultPageSize, maximumPageSize } from '../domain/validation.ts';
import { longestList } from './operations.ts';
import type { Fields, Item } from './request.ts';
import type { Result } from './response.ts';

/** Runs the document of an operation and returns its one field. Throws the first error of its result. */
type Execute = (variables: Fields) => Promise<unknown>;

interface Connection {
  totalCount?: number;
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  edges: { node: object }[];
}

/** Reads a page of a list by its number. */
export async function readPage(execute: Execute, { variables, flags }: Item): Promise<Result> {
  const { page, countPerPage } = { page: 0, ...variables, countPerPage: variables['countPerPage'] ?? defaultPageSize };
  // GraphQL refuses what is not a number.
  const isNumbered = typeof page === 'number' && typeof countPerPage === 'number';
  const offset = isNumbered ? Math.min(page * countPerPage, GRAPHQL_MAX_INT) : page;
  const withoutTotal = flags.has('simplifiedPaging');
  const connection = await readConnection(execute, { ...variables, page: offset, countPerPage, withoutTotal });
  const { totalCount, pageInfo } = connection;
  const totals = withoutTotal ? {} : { totalCount, totalPages: Math.ceil(Number(totalCount) / Number(countPerPage)) };
  const items = nodesOf(connection);
  return { kind: 'value', value: { items, ...totals, hasMorePages: pageInfo.hasNextPage }, rows: items };
}

/** Reads the whole list as one page, while it is written. Throws BAD_USER_INPUT if it is too long. */
export async function streamList(execute: Execute, { variables, flags }: Item): Promise<Result> {
  const { page: _page, ...others } = variables;
  const fullPage = { ...others, countPerPage: maximumPageSize };
  const first = await readConnection(execute, fullPage);
  const { totalCount = 0 } = first;
  if (totalCount > longestList) {
    throw badInput('all', `"all" returns lists of at most ${longestList} items: read this one by "page".`);
  }
  const totals = flags.has('simplifiedPaging') ? {} : { totalCount, totalPages: Math.min(totalCount, 1) };
  return { kind: 'stream', pages: readPages(execute, fullPage, first), totals: { ...totals, hasMorePages: false } };
}

async function* readPages(execute: Execute, variables: Fields, first: Connection): AsyncGenerator<object[]> {
  let connection = first;
  yield nodesOf(connection);
  while (connection.pageInfo.hasNextPage) {
    const after = connection.pageInfo.endCursor;
    connection = await readConnection(execute, { ...variables, after, withoutTotal: true });
    yield nodesOf(connection);
  }
}

async function readConnection(execute: Execute, variables: Fields): Promise<Connection> {
  const given = Object.entries(variables).filter(([, value]) => value !== null);
  const connection = await execute(Object.fromEntries(given));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the document asks for exactly this
  return connection as Connection;
}

function nodesOf({ edges }: Connection): object[] {
  return edges.map(({ node }) => node);
}
