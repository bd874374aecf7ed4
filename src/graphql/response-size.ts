import { GraphQLError, type ExecutionResult } from 'graphql';

/** The maximum size of a response, in bytes. */
const maximumSize = 20_000_000;
/** No operation that costs less can reach it: the longest value is a purpose, which takes at most 12 kB as JSON. */
const safeCost = 1600;

/**
 * Replaces a result that is too large to send by an error.
 * @param cost of the operation: what costs little needs no measuring
 */
export function limitSize(result: ExecutionResult, cost: number): ExecutionResult {
  if (cost < safeCost || sizeOf(result.data) <= maximumSize) return result;
  const message = 'The response would be over 20 MB. Ask for fewer items or fields. What the operation wrote is saved.';
  return { data: null, errors: [new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } })] };
}

/** How many bytes a value takes as JSON, or more than the maximum. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(JSON.stringify(value));
  if (typeof value !== 'object' || value === null) return 5;
  let size = 2;
  for (const [name, part] of Object.entries(value)) {
    size += name.length + 4 + sizeOf(part);
    if (size > maximumSize) break;
  }
  return size;
}
