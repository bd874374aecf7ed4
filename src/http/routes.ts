import { CodedError } from '../errors.ts';
import { oncePer } from '../once-per.ts';
import { operations, type Fields, type Operation } from './operations.ts';

interface Route {
  operation: Operation;
  /** Fields that stand in the path. */
  fields: Fields;
  /** The format that the path ends in, without its dot. */
  suffix: string | undefined;
  /** Whether the path ends in [], and so takes and answers a list of items. */
  takesItems: boolean;
}

/** `/ai/sessions/:sessionId` as a regular expression. */
const pattern = oncePer(({ path }: Operation) => new RegExp(`^${path.replace(/:(\w+)/, '(?<$1>[^/]+)')}$`));

/**
 * Finds what a request asks for.
 * @throws NOT_FOUND, or BAD_USER_INPUT with 405, in words that tell what there is
 */
export function findRoute(method: string, pathname: string): Route {
  const [, path = '', brackets, suffix] = /^(.*?)(\[\])?(?:\.(\w+))?\/?$/.exec(decodePath(pathname)) ?? [];
  const [, name] = /^\/(?:api|json\/reply)\/(\w+)$/i.exec(path) ?? [];
  const candidates = operations.flatMap((operation) => {
    if (name?.toLowerCase() === operation.name.toLowerCase()) {
      return ['POST', operation.method].map((verb) => ({ operation, verb, fields: {} }));
    }
    const match = brackets ? null : pattern(operation).exec(path);
    return match ? [{ operation, verb: operation.method, fields: { ...match.groups } }] : [];
  });
  const found = candidates.find(({ verb }) => verb === (method === 'HEAD' ? 'GET' : method));
  if (found) return { operation: found.operation, fields: found.fields, suffix, takesItems: brackets !== undefined };
  if (candidates.length === 0) {
    const names = operations.map((operation) => operation.name).join(', ');
    throw new CodedError('NOT_FOUND', `No operation is here. At /api/{Operation} there are: ${names}.`);
  }
  const allowed = [...new Set(candidates.map(({ verb }) => verb))].join(', ');
  throw new CodedError('BAD_USER_INPUT', `This route takes ${allowed}.`, { status: 405, headers: { Allow: allowed } });
}

function decodePath(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return pathname;
  }
}
