import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { badInput, errorCode } from '../errors.ts';
import { chooseMediaType } from '../graphql/media-types.ts';
import { writeCsv } from './csv.ts';
import type { Operation } from './operations.ts';

const formats = ['json', 'csv', 'jsonl'] as const;
export type Format = (typeof formats)[number];
export const mediaTypes: Record<Format, string> = { json: 'application/json', csv: 'text/csv', jsonl: 'text/jsonl' };

/** Chooses the format of a response: the one that the URL names, else the first choice of `Accept`, else JSON. */
export function chooseFormat(names: unknown[] = [], request: IncomingMessage): Format {
  const [name, ...others] = names.map(String);
  if (others.length > 0) throw badInput('format', '"format" takes one value.');
  if (name !== undefined) {
    const named = formats.find((format) => format === name.toLowerCase());
    if (named) return named;
    throw badInput('format', `"format" must be one of ${formats.join(', ')}.`);
  }
  const accepted = chooseMediaType(request, Object.values(mediaTypes));
  return formats.find((format) => mediaTypes[format] === accepted) ?? 'json';
}

/** What a call returns. */
export type Result =
  | { kind: 'empty' }
  /** JSON shows the value; CSV and JSON Lines show the rows. */
  | { kind: 'value'; value: unknown; rows: unknown[] }
  /** A list that is written while it is read, so that memory holds one page of it at a time. */
  | { kind: 'stream'; pages: AsyncIterable<object[]>; totals: object };

/**
 * Writes the result of a call.
 * @throws what reading a streamed list throws
 */
export async function writeResult(
  result: Result,
  { name, entity: { fields } }: Operation,
  format: Format,
  response: ServerResponse,
): Promise<void> {
  if (result.kind === 'empty') return void response.writeHead(204).end();
  if (format === 'csv') response.setHeader('Content-Disposition', `attachment; filename="${name}.csv"`);
  response.setHeader('Content-Type', contentType(format));
  if (result.kind === 'stream') return writeStream(writePages(result, format, fields), response);
  const body = format === 'json' ? JSON.stringify(result.value) : writeRows(result.rows, format, fields);
  response.setHeader('Content-Length', Buffer.byteLength(body)).end(body);
}

/** Writes a response that is always JSON. */
export function writeJson(response: ServerResponse, status: number, body: object, headers = {}): void {
  response.writeHead(status, { 'Content-Type': contentType('json'), ...headers }).end(JSON.stringify(body));
}

function contentType(format: Format): string {
  return `${mediaTypes[format]}; charset=utf-8`;
}

/** How long a client may take to read a streamed response, in milliseconds. */
const streamTimeout = 300_000;

/** Writes a body as it is made, at the speed of the client. A failure midway cuts the response off. */
async function writeStream(body: AsyncIterable<string>, response: ServerResponse): Promise<void> {
  try {
    await pipeline(body, response, { end: false, signal: AbortSignal.timeout(streamTimeout) });
    response.end();
  } catch (error) {
    // In HTTP/1.0, a connection that ends looks like a response that ends; one that is reset does not.
    response.socket?.resetAndDestroy();
    // The client went away or was too slow. The request's log line says that it was cut off.
    if (!['ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR'].includes(errorCode(error))) throw error;
  }
}

type StreamedList = Extract<Result, { kind: 'stream' }>;

async function* writePages({ pages, totals }: StreamedList, format: Format, fields: string[]): AsyncGenerator<string> {
  let isFirst = true;
  for await (const page of pages) {
    // Others may have deleted the rest of the list.
    if (page.length === 0 && !isFirst) continue;
    if (format !== 'json') yield writeRows(page, format, fields, isFirst);
    // Without the brackets around the items of each page.
    else yield `${isFirst ? '{"items":[' : ','}${JSON.stringify(page).slice(1, -1)}`;
    isFirst = false;
  }
  if (format === 'json') yield `],${JSON.stringify(totals).slice(1)}`;
}

function writeRows(rows: unknown[], format: 'csv' | 'jsonl', fields: string[], header = true): string {
  return format === 'csv' ? writeCsv(rows, fields, header) : rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}
