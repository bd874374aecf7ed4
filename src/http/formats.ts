import type { IncomingMessage } from 'node:http';
import { stringify } from 'csv-stringify/sync';
import Negotiator from 'negotiator';
import { badInput } from '../errors.ts';

export const mediaTypes = { json: 'application/json', csv: 'text/csv', jsonl: 'text/jsonl' };

type Format = keyof typeof mediaTypes;

/** Chooses the format of an answer: what the URL names, or else what the Accept header prefers, or else JSON. */
export function chooseFormat(name: string | undefined, request: IncomingMessage): Format {
  const isFormat = (text: string): text is Format => Object.hasOwn(mediaTypes, text);
  if (name !== undefined) {
    const format = name.toLowerCase();
    if (isFormat(format)) return format;
    throw badInput('format', `"format" must be one of ${Object.keys(mediaTypes).join(', ')}.`);
  }
  const accepted = new Negotiator(request).mediaType(Object.values(mediaTypes));
  return (
    Object.keys(mediaTypes)
      .filter(isFormat)
      .find((format) => mediaTypes[format] === accepted) ?? 'json'
  );
}

const csvColumns = [
  'accountId',
  'accountName',
  'purpose',
  'id',
  'dateCreated',
  'dateLastModified',
  'createdBy',
  'lastModifiedBy',
];

/** Writes an answer; in CSV and JSON Lines a list is a row or a line for each of its items. */
export function writeAnswer(answer: unknown, format: Format): string {
  if (format === 'json') return JSON.stringify(answer);
  const rows = [answer].flat().flatMap((value) => (hasItems(value) ? value.items : [value]));
  if (format === 'jsonl') return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  return stringify(rows, {
    header: true,
    columns: csvColumns.map((key) => ({ key, header: key.charAt(0).toUpperCase() + key.slice(1) })),
    record_delimiter: 'windows',
    quoted_match: /[\r\n]/,
    // Cells that spreadsheets would run as formulas; the option escape_formulas leaves LF out.
    cast: { string: (text) => (/^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text) },
  });
}

function hasItems(value: unknown): value is { items: unknown[] } {
  return typeof value === 'object' && value !== null && 'items' in value && Array.isArray(value.items);
}
