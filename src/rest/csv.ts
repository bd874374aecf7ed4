import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';

/** Reads the rows under a header row. Throws when the text is not valid CSV. */
export function readCsv(text: string): Record<string, string>[] {
  return parse<Record<string, string>>(text, { columns: true, bom: true });
}

/**
 * The places where spreadsheets would begin a formula, which an apostrophe keeps a text: at the start of a cell, and behind
 * what splits it in those that separate by semicolons, where quotes inside of a line do not count. Blanks and what is invisible are
 * skipped. The library's `escape_formulas` sees the start alone, and misses LF.
 */
const formulaStarts = /^(?=[\t\r\n])|(?<=^|[;\t\r\n])(?=(?:(?![\t\r\n])["\s\p{Cc}\p{Cf}])*[=+\-@＝＋－＠])/gu;

/** Writes these fields of objects, under a header row unless they continue other rows. */
export function writeCsv(rows: unknown[], fields: string[], header = true): string {
  return stringify(rows, {
    header,
    columns: fields.map((key) => ({ key, header: key.charAt(0).toUpperCase() + key.slice(1) })),
    record_delimiter: 'windows',
    quoted_match: /[\r\n]/,
    cast: { string: (text) => text.replaceAll(formulaStarts, "'") },
  });
}
