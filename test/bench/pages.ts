import { median } from './load.ts';

const pageQuery = `query ($after: String, $filter: AISessionFilter) {
  aiSessions(first: 25, after: $after, filter: $filter) {
    edges { node { id dateCreated dateLastModified createdBy lastModifiedBy accountId accountName purpose } }
    pageInfo { hasNextPage endCursor }
  }
}`;

type Run = (
  query: string,
  variables: object,
) => Promise<{ aiSessions: { pageInfo: { hasNextPage: boolean; endCursor: string } } }>;

/** Times a page at several depths of a list, in turn, each many times. */
export async function measurePages(graphql: Run, filter?: object) {
  let after: string | undefined;
  const depths = new Map<string, string | undefined>([['page 1', undefined]]);
  for (let page = 1; page < 1000; page++) {
    const { pageInfo } = (await graphql(pageQuery, { after, filter })).aiSessions;
    if (!pageInfo.hasNextPage) break;
    after = pageInfo.endCursor;
    if (page === 999 || (filter && page === 39)) depths.set(`page ${page + 1}`, after);
  }
  const { aiSessions } = await graphql(
    'query ($filter: AISessionFilter) { aiSessions(first: 26, filter: $filter, orderBy: { direction: ASC }) { pageInfo { endCursor } } }',
    { filter },
  );
  depths.set('the end', aiSessions.pageInfo.endCursor);
  const times = new Map([...depths.keys()].map((depth) => [depth, [] as number[]]));
  for (let round = 0; round < 300; round++) {
    for (const [depth, cursor] of depths) {
      const start = performance.now();
      await graphql(pageQuery, { after: cursor, filter });
      if (round >= 50) times.get(depth)?.push(performance.now() - start);
    }
  }
  const first = median(times.get('page 1') ?? []);
  return Object.fromEntries(
    [...times].map(([depth, list]) => [
      depth,
      { 'ms (median)': Number(median(list).toFixed(2)), 'of page 1': Number((median(list) / first).toFixed(2)) },
    ]),
  );
}
