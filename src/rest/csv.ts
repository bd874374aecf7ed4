import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';

/** Reads the rows under a header row. Throws an error if it is not valid CSV. */
export function readCsv(csv: string): Record<string, string>[] {
  return parse<Record<string, string>>(csv, { columns: true, bom: true });
}

/**
 * Where a spreadsheet would read a formula: at the start of a cell, and after tabs, line ends and semicolons, because
 * some spreadsheets split cells there and ignore quotes inside a line. Spaces, quotes and invisible characters may come
 * first. An apostrophe at these places makes it plain text. The library's `escape_formulas` looks at the start only,
 * and misses LF.
 */
const formulaStarts = /^(?=[\t\r\n])|(?<=^|[;\t\r\n])(?=(?:(?![\t\r\n])["\s\p{Cc}\p{Cf}])*[=+\-@＝＋－＠])/gu;

/** Writes a row for each object, with these fields. Without `header`, they continue earlier rows. */
export function writeCsv(rows: unknown[], fields: string[], header = true): string {
  return stringify(rows, {
    header,
    columns: fields.map((key) => ({ key, header: key.charAt(0).toUpperCase() + key.slice(1) })),
    record_delimiter: 'windows',
    quoted_match: /[\r\n]/,
    cast: { string: (value) => value.replaceAll(formulaStarts, "'") },
  });
}
