import { badInput } from '../errors.ts';

export type Fields = Record<string, unknown>;
export type Flags = Record<string, boolean>;

/** Runs the document of an operation for the viewer of the request. Throws the first error of its result. */
export type Execute = (variables: Fields) => Promise<Fields>;

interface Connection {
  totalCount?: number;
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  edges: { node: object }[];
}

/** The most items that `all` answers. */
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

/** Answers a page of a list by its number, or with `all` the whole list. */
export function answerList(execute: Execute, variables: Fields, flags: Flags): Promise<object> {
  return flags['all'] ? listAll(execute, variables, flags) : listPage(execute, variables, flags);
}

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
    throw badInput('all', `"all" answers lists of at most ${longestList} items: read this one by "page".`);
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
  const [connection] = Object.values(await execute(Object.fromEntries(given)));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the document asks for exactly this
  return connection as Connection;
}
