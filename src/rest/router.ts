import { CodedError } from '../errors.ts';
import { memoize } from '../memoize.ts';
import { operations, type Operation } from './operations.ts';

interface Match {
  operation: Operation;
  methods: string[];
  pathFields: Record<string, string>;
}

/**
 * Finds the operation that a request asks for, the fields in its path, the format that its suffix names, and whether it
 * takes an array of items, because its path ends in [].
 * @throws NOT_FOUND with the names of the operations, or BAD_USER_INPUT with 405 and the methods that the route takes
 */
export function findRoute(method: string, pathname: string) {
  const [, path = '', brackets, suffix] = /^(.*?)(\[\])?(?:\.(\w+))?$/.exec(decodePath(pathname)) ?? [];
  const takesItems = brackets !== undefined;
  const matches = [...findByName(path), ...(takesItems ? [] : findByPath(path))];
  if (matches.length === 0) {
    const names = operations.map(({ name }) => name).join(', ');
    throw new CodedError('NOT_FOUND', `No operation is here. At /api/{Operation} there are: ${names}.`);
  }
  const match = matches.find(({ methods }) => methods.includes(method));
  if (match) return { ...match, suffix, takesItems };
  const allowed = [...new Set(matches.flatMap(({ methods }) => methods))].join(', ');
  throw new CodedError('BAD_USER_INPUT', `This route takes ${allowed}.`, { status: 405, headers: { Allow: allowed } });
}

/** Finds /api/{Operation} and /json/reply/{Operation}. */
function findByName(path: string): Match[] {
  const [, name] = /^\/(?:api|json\/reply)\/(\w+)$/i.exec(path) ?? [];
  return operations
    .filter((operation) => operation.name.toLowerCase() === name?.toLowerCase())
    .map((operation) => ({ operation, methods: ['POST', operation.method], pathFields: {} }));
}

function findByPath(path: string): Match[] {
  return operations.flatMap((operation) => {
    const match = pattern(operation).exec(path);
    return match ? [{ operation, methods: [operation.method], pathFields: { ...match.groups } }] : [];
  });
}

/** `/ai/sessions/:sessionId` as a regular expression. */
const pattern = memoize(({ path }: Operation) => new RegExp(`^${path.replace(/:(\w+)/, '(?<$1>[^/]+)')}$`, 'i'));

function decodePath(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return pathname;
  }
}
