import { defaultPageSize, maximumOffset, maximumPageSize } from '../domain/validation.ts';
import { badInput } from '../errors.ts';
import type { Fields } from './fields.ts';
import { longestList } from './operations.ts';
import type { Result } from './response.ts';

/** Runs the document of an operation and returns its one field. Throws the first error of its result. */
type Execute = (variables: Fields) => Promise<unknown>;

interface Connection {
  totalCount?: number;
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  edges: { node: object }[];
}

/** Reads a page of a list by its number. Throws BAD_USER_INPUT if it is out of range. */
export async function readPage(execute: Execute, fields: Fields): Promise<Result> {
  const { page = 0, countPerPage = defaultPageSize, simplifiedPaging } = fields;
  const [number, size] = [Number(page), Number(countPerPage)];
  if (size < 1 || size > maximumPageSize)
    throw badInput('countPerPage', `"countPerPage" must be from 1 to ${maximumPageSize}.`);
  const lastPage = Math.floor(maximumOffset / size);
  const advice = `Beyond ${maximumOffset} items, ask for "all=true", or for fewer items.`;
  if (number < 0 || number > lastPage) throw badInput('page', `"page" must be from 0 to ${lastPage} here. ${advice}`);
  const { items, totalCount, pageInfo } = await readItems(execute, { ...fields, page: number * size });
  const totals = simplifiedPaging === true ? {} : { totalCount, totalPages: Math.ceil(totalCount / size) };
  return { kind: 'value', value: { items, ...totals, hasMorePages: pageInfo.hasNextPage }, rows: items };
}

/** Reads the whole list as one page, while it is written. Throws BAD_USER_INPUT if it is too long. */
export async function streamList(execute: Execute, fields: Fields): Promise<Result> {
  const { page: _page, simplifiedPaging, ...others } = fields;
  const fullPage = { ...others, countPerPage: maximumPageSize };
  const first = await readItems(execute, fullPage);
  const { totalCount } = first;
  if (totalCount > longestList)
    throw badInput('all', `"all" returns lists of at most ${longestList} items: read this one by "page".`);
  const totals = simplifiedPaging === true ? {} : { totalCount, totalPages: Math.min(totalCount, 1) };
  return { kind: 'stream', pages: readPages(execute, fullPage, first), totals: { ...totals, hasMorePages: false } };
}

async function* readPages(execute: Execute, variables: Fields, first: Items): AsyncGenerator<object[]> {
  yield first.items;
  for (let { pageInfo } = first; pageInfo.hasNextPage;) {
    const page = await readItems(execute, { ...variables, after: pageInfo.endCursor, simplifiedPaging: true });
    yield page.items;
    ({ pageInfo } = page);
  }
}

type Items = Awaited<ReturnType<typeof readItems>>;

async function readItems(execute: Execute, variables: Fields) {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the document asks for exactly this
  const { edges, totalCount = 0, pageInfo } = (await execute(variables)) as Connection;
  return { items: edges.map(({ node }) => node), totalCount, pageInfo };
}
