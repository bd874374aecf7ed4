import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRawConnection } from '../support/raw-connection.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';

const host = 'Host: test\r\n';
const get = `GET /health HTTP/1.1\r\n${host}`;
const post = `POST /graphql HTTP/1.1\r\n${host}Content-Type: application/json\r\n`;
const body = '{"query":"{ __typename }"}';
const size = body.length.toString(16);
const chunked = `${post}Transfer-Encoding: chunked\r\n\r\n`;
const long = (length: number) => 'x'.repeat(length);

const withLength = (length: string) => `${post}Content-Length: ${length}\r\n\r\n${body}`;
const withEncoding = (header: string) => `${post}${header}\r\n\r\n${size}\r\n${body}\r\n0\r\n\r\n`;

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

/** Sends a text, and behind it a request that must not be answered; reads until the server closes the connection. */
async function readStatuses(text: string): Promise<number[]> {
  const { send, closed, statuses } = await openRawConnection(server.url);
  send(`${text}${get}\r\n`);
  await closed;
  return statuses();
}

describe('is refused, and the connection closed, with nothing behind it answered:', () => {
  test.each([
    ['bytes that are no HTTP', '\0\u0001\u0002\r\n\r\n', 400],
    ['a TLS greeting', '\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003', 400],
    ['another protocol', 'HELO example.com\r\n', 400],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['a version that there is not', `GET /health HTTP/3.0\r\n${host}\r\n`, 400],
    ['a method that there is not', `BREW /health HTTP/1.1\r\n${host}\r\n`, 400],
    ['a path with a byte that is no ASCII', `GET /\u00e9 HTTP/1.1\r\n${host}\r\n`, 400],
    ['a first line of 17 kB', `GET /${long(17_000)} HTTP/1.1\r\n${host}\r\n`, 431],
    ['a header of 17 kB', `${get}X: ${long(17_000)}\r\n\r\n`, 431],
    ['3,000 headers', `${get}${'X: x\r\n'.repeat(3000)}\r\n`, 431],
    ['no host', 'GET /health HTTP/1.1\r\n\r\n', 400],
    ['a header without a colon', `${get}X\r\n\r\n`, 400],
    ['a header with NUL', `${get}X: a\0b\r\n\r\n`, 400],
    ['a header with a space in its name', `${get}X Y: a\r\n\r\n`, 400],
    ['a header over two lines', `${get}X: a\r\n b\r\n\r\n`, 400],
    ['a carriage return within a header', `${get}X: a\rY: b\r\n\r\n`, 400],
    ['lines that end in a line feed alone', `${get}\n`.replaceAll('\r', ''), 400],
    ['a length and chunks', `${post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
    ['chunks and a length', `${post}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n`, 400],
    ['two lengths', withLength(`${body.length}\r\nContent-Length: 5`), 400],
    ['the same length twice', withLength(`${body.length}\r\nContent-Length: ${body.length}`), 400],
    ['a list of lengths', withLength(`${body.length}, ${body.length}`), 400],
    ['a length below 0', withLength('-1'), 400],
    ['a length with a sign', withLength(`+${body.length}`), 400],
    ['a length that is hexadecimal', withLength(`0x${size}`), 400],
    ['a length beyond all numbers', withLength('9'.repeat(25)), 400],
    ['an unknown encoding', withEncoding('Transfer-Encoding: gzip'), 400],
    ['an encoding that is nearly known', withEncoding('Transfer-Encoding: xchunked'), 400],
    ['an encoding behind that in chunks', withEncoding('Transfer-Encoding: chunked, identity'), 400],
    ['an encoding with a space before the colon', withEncoding('Transfer-Encoding : chunked'), 400],
    ['an encoding behind a vertical tab', withEncoding('Transfer-Encoding: \u000bchunked'), 400],
    ['a chunk whose size is no number', `${chunked}xyz\r\n${body}\r\n0\r\n\r\n`, 400],
    ['a chunk whose size is below 0', `${chunked}-1\r\n${body}\r\n0\r\n\r\n`, 400],
    ['a chunk whose size has a prefix', `${chunked}0x${size}\r\n${body}\r\n0\r\n\r\n`, 400],
    ['a chunk whose size is beyond all numbers', `${chunked}${'f'.repeat(19)}\r\n`, 400],
    ['a chunk without a size', `${chunked}\r\n${body}\r\n0\r\n\r\n`, 400],
    ['a chunk that is longer than its size', `${chunked}5\r\n${body}\r\n0\r\n\r\n`, 400],
    ['chunks in lines that end in a line feed alone', `${chunked}${size}\n${body}\n0\n\n`, 400],
    ['a chunk with an extension of 20 kB', `${chunked}${size};${long(20_000)}\r\n${body}\r\n0\r\n\r\n`, 413],
    ['trailers of 20 kB', `${chunked}${size}\r\n${body}\r\n0\r\nX: ${long(20_000)}\r\n\r\n`, 431],
  ])('%s', async (_what, text, status) => {
    expect(await readStatuses(text)).toEqual([status]);
  });

  test('a request for a tunnel', async () => {
    expect(await readStatuses(`CONNECT example.com:443 HTTP/1.1\r\n${host}\r\n`)).toEqual([]);
  });

  test('garbage behind a request that was answered', async () => {
    const { send, closed, statuses } = await openRawConnection(server.url);
    send(`${get}\r\n`);
    await expect.poll(statuses).toEqual([200]);
    send(`\0\u0001\u0002\r\n\r\n${get}\r\n`);
    await closed;
    expect(statuses()).toEqual([200, 400]);
  });
});

test('later requests are answered as before', async () => {
  expect(await server.graphql('{ viewer { roles } }')).toMatchObject({ status: 200 });
});
