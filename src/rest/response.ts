import type { IncomingMessage } from 'node:http';
import Negotiator from 'negotiator';
import { badInput } from '../errors.ts';
import { writeCsv } from './csv.ts';

export const mediaTypes = { json: 'application/json', csv: 'text/csv', jsonl: 'text/jsonl' };

type Format = keyof typeof mediaTypes;

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

/** Writes an answer. In CSV and JSON Lines, a list is a row or a line for each of its items. */
export function writeAnswer(answer: unknown, format: Format): string {
  if (format === 'json') return JSON.stringify(answer);
  const rows = [answer].flat().flatMap((value) => (hasItems(value) ? value.items : [value]));
  return format === 'csv' ? writeCsv(rows) : rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

function hasItems(value: unknown): value is { items: unknown[] } {
  return typeof value === 'object' && value !== null && 'items' in value && Array.isArray(value.items);
}
