import { CodedError } from '../errors.ts';
import { memoize } from '../memoize.ts';
import { operations, type Operation } from './operations.ts';

/**
 * Finds the operation that a request asks for, the fields in its path, the format that its suffix names, and whether it
 * takes an array of items, because its path ends in [].
 * @throws NOT_FOUND with the names of the operations, or BAD_USER_INPUT with 405 and the methods that the route takes
 */
export function findRoute(method: string, pathname: string) {
  const [, path = '', brackets, suffix] = /^(.*?)(\[\])?(?:\.(\w+))?$/.exec(decodePath(pathname)) ?? [];
  const takesItems = brackets !== undefined;
  const matches = operations.flatMap((operation) => {
    const groups = pattern(operation).exec(path)?.groups;
    if (!groups || (takesItems && !groups['byName'])) return [];
    const { byName, ...pathFields } = groups;
    return [{ operation, pathFields, methods: byName ? ['POST', operation.method] : [operation.method] }];
  });
  if (matches.length === 0) {
    const names = operations.map(({ name }) => name).join(', ');
    throw new CodedError('NOT_FOUND', `No operation is here. At /api/{Operation} there are: ${names}.`);
  }
  const match = matches.find(({ methods }) => methods.includes(method));
  if (match) return { ...match, suffix, takesItems };
  const allowed = [...new Set(matches.flatMap(({ methods }) => methods))].join(', ');
  throw new CodedError('BAD_USER_INPUT', `This route takes ${allowed}.`, { status: 405, headers: { Allow: allowed } });
}

/** Matches `/api/{Operation}`, `/json/reply/{Operation}` and the operation's own path. */
const pattern = memoize(({ name, path }: Operation) => {
  const ownPath = path.replace(/:(\w+)/, '(?<$1>[^/]+)');
  return new RegExp(`^(?:/(?<byName>api|json/reply)/${name}|${ownPath})$`, 'i');
});

function decodePath(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return pathname;
  }
}
