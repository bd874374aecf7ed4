import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { CodedError } from '../errors.ts';

const bodyLimit = 100_000;

/** The media type of a body, without its parameters and in lower case. */
export function mediaTypeOf({ headers }: IncomingMessage): string | undefined {
  return headers['content-type']?.toLowerCase().split(';', 1)[0]?.trim();
}

/**
 * Reads the body of a request, of known length or in chunks.
 * @throws BAD_USER_INPUT when it is not UTF-8, and with 413 when it is over 100 kB
 */
export function readBody(request: IncomingMessage): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const chunks: Buffer[] = [];
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    // Read on and drop the rest: a client that is still sending would not see the response.
    if (length <= bodyLimit) chunks.push(chunk);
    else chunks.length = 0;
  });
  request.on('end', () => {
    if (length > bodyLimit) reject(new CodedError('BAD_USER_INPUT', 'Send at most 100 kB.', { status: 413 }));
    const body = Buffer.concat(chunks);
    if (isUtf8(body)) resolve(body.toString());
    else reject(new CodedError('BAD_USER_INPUT', 'The body is not valid UTF-8.'));
  });
  request.on('error', (cause) => reject(new CodedError('BAD_USER_INPUT', 'The body was cut off.', { cause })));
  return promise;
}
