import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import Negotiator from 'negotiator';
import { badInput } from '../errors.ts';
import { writeCsv } from './csv.ts';
import { isStreamed, type StreamedList } from './lists.ts';
import type { Operation } from './operations.ts';

export const mediaTypes = { json: 'application/json', csv: 'text/csv', jsonl: 'text/jsonl' };

export type Format = keyof typeof mediaTypes;

/** Chooses the format of an answer: the one that the URL names, or else the Accept header's first choice, or else JSON. */
export function chooseFormat(name: string | undefined, request: IncomingMessage): Format {
  const isFormat = (text: string): text is Format => Object.hasOwn(mediaTypes, text);
  if (name !== undefined) {
    const format = name.toLowerCase();
    if (isFormat(format)) return format;
    throw badInput('format', `"format" must be one of ${Object.keys(mediaTypes).join(', ')}.`);
  }
  const accepted = new Negotiator(request).mediaType(Object.values(mediaTypes));
  const formats = Object.keys(mediaTypes).filter(isFormat);
  return formats.find((format) => mediaTypes[format] === accepted) ?? 'json';
}

/**
 * Writes what an operation gives back, in the format that was asked for.
 * @throws what reading a streamed list throws
 */
export async function writeResult(
  result: unknown,
  { name, entity: { fields } }: Operation,
  format: Format,
  response: ServerResponse,
): Promise<void> {
  if (result === undefined) return void response.writeHead(204).end();
  if (format === 'csv') response.setHeader('Content-Disposition', `attachment; filename="${name}.csv"`);
  response.setHeader('Content-Type', `${mediaTypes[format]}; charset=utf-8`);
  if (isStreamed(result)) return streamAnswer(result, format, fields, response);
  const body = writeAnswer(result, format, fields);
  response.setHeader('Content-Length', Buffer.byteLength(body)).end(body);
}

/** How long a client may take to read a streamed answer, in milliseconds. */
const streamTimeout = 300_000;

/**
 * Writes a list while it is read, at the speed of the client. If that fails midway, the answer is cut off.
 * @throws what reading the list throws
 */
async function streamAnswer(
  list: StreamedList,
  format: Format,
  fields: string[],
  response: ServerResponse,
): Promise<void> {
  try {
    await pipeline(writePages(list, format, fields), response, { signal: AbortSignal.timeout(streamTimeout) });
  } catch (error) {
    // The client went away or was too slow. The request's log line says that it was cut off.
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'ERR_STREAM_PREMATURE_CLOSE' && code !== 'ABORT_ERR') throw error;
  }
}

async function* writePages({ pages, totals }: StreamedList, format: Format, fields: string[]): AsyncGenerator<string> {
  let isFirst = true;
  for await (const page of pages) {
    if (format === 'csv') yield writeCsv(page, fields, isFirst);
    else if (format === 'jsonl') yield writeLines(page);
    // The items of each page without the brackets around them.
    else yield `${isFirst ? '{"items":[' : ','}${JSON.stringify(page).slice(1, -1)}`;
    isFirst = false;
  }
  if (format === 'json') yield `],${JSON.stringify(totals).slice(1)}`;
}

/** Writes an answer. In CSV and JSON Lines, a list is a row or a line for each of its items. */
function writeAnswer(answer: unknown, format: Format, fields: string[]): string {
  if (format === 'json') return JSON.stringify(answer);
  const rows = [answer].flat().flatMap((value) => (hasItems(value) ? value.items : [value]));
  return format === 'csv' ? writeCsv(rows, fields) : writeLines(rows);
}

function writeLines(rows: unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

function hasItems(value: unknown): value is { items: unknown[] } {
  return typeof value === 'object' && value !== null && 'items' in value && Array.isArray(value.items);
}
