import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { CodedError } from '../errors.ts';

const bodyLimit = 100_000;

/** The media type of a body, without its parameters and in lower case. */
export function mediaTypeOf({ headers }: IncomingMessage): string | undefined {
  return headers['content-type']?.toLowerCase().split(';', 1)[0]?.trim();
}

/**
 * Reads the body of a request, of known length or in chunks. A client that asked whether to send it is told so now.
 * @throws BAD_USER_INPUT when it is not UTF-8, with 413 when it is over 100 kB, and with 415 when it is encoded
 */
export async function readBody(request: IncomingMessage, response: ServerResponse): Promise<string> {
  const { 'content-encoding': encoding, 'content-length': declaredLength, expect } = request.headers;
  if (encoding && encoding.toLowerCase() !== 'identity') throw unknownEncoding(encoding);
  if (expect && request.httpVersion === '1.1') {
    if (Number(declaredLength) > bodyLimit) throw tooLarge();
    response.writeContinue();
  }
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
    const body = Buffer.concat(chunks);
    if (length > bodyLimit) reject(tooLarge());
    else if (isUtf8(body)) resolve(body.toString());
    else reject(new CodedError('BAD_USER_INPUT', 'The body is not valid UTF-8.'));
  });
  request.on('error', (cause) => reject(new CodedError('BAD_USER_INPUT', 'The body was cut off.', { cause })));
  return promise;
}

const tooLarge = () => new CodedError('BAD_USER_INPUT', 'Send at most 100 kB.', { status: 413 });

function unknownEncoding(encoding: string): CodedError {
  const message = `Send the body as it is: the Content-Encoding "${encoding.slice(0, 100)}" is not supported.`;
  return new CodedError('BAD_USER_INPUT', message, { status: 415, headers: { 'Accept-Encoding': 'identity' } });
}
