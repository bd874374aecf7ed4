import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { sessionFields } from './operations.ts';

/** Reads the rows under a header row. Throws when the text is not valid CSV. */
export function readCsv(text: string): Record<string, string>[] {
  return parse<Record<string, string>>(text, { columns: true, bom: true });
}

/** Writes sessions under a header row. */
export function writeCsv(rows: unknown[]): string {
  return stringify(rows, {
    header: true,
    columns: sessionFields.split(' ').map((key) => ({ key, header: key.charAt(0).toUpperCase() + key.slice(1) })),
    record_delimiter: 'windows',
    quoted_match: /[\r\n]/,
    // Spreadsheets would run such a cell as a formula. The library's `escape_formulas` misses LF.
    cast: { string: (text) => (/^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text) },
  });
}
