import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { CodedError } from './errors.ts';

const bodyLimit = 100_000;

/**
 * Reads the body of a request, whether its length was announced or it comes in chunks.
 * @throws BAD_USER_INPUT when it is no UTF-8, and with 413 when it is over 100 kB
 */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += chunk.length;
    if (length > bodyLimit) throw new CodedError('BAD_USER_INPUT', 'Send at most 100 kB.', { status: 413 });
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  if (!isUtf8(body)) throw new CodedError('BAD_USER_INPUT', 'The body is not valid UTF-8.');
  return body.toString();
}
