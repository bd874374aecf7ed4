import { CsvError, parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { CodedError } from '../errors.ts';

/** A row, and the line where it ends. */
interface Row {
  line: number;
  cells: string[];
}

/**
 * Reads the names in a header row, and the rows under it. Rows without a value are left out.
 * @throws BAD_USER_INPUT with the line at fault
 */
export function readCsv(csv: string): { names: string[]; rows: Row[] } {
  // The header tells what separates cells. In other rows, a cell may hold all of these.
  const [firstLine = ''] = csv.trimStart().split(/[\r\n]/, 1);
  const [delimiter = ','] = /[,;\t]/.exec(firstLine.replaceAll(/"[^"]*"/g, '')) ?? [];
  // csv-parse counts a CRLF inside of quotes as two lines.
  let doubled = 0;
  const lines: Row[] = [];
  try {
    parse(csv, {
      bom: true,
      delimiter,
      record_delimiter: ['\r\n', '\n', '\r'],
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
      // So that rows without a value may have fewer or more cells than the header.
      relax_column_count: true,
      on_record(cells: string[], { error, lines: line }) {
        if (error) throw error;
        doubled += cells.join().split('\r\n').length - 1;
        lines.push({ line: line - doubled, cells });
        return null;
      },
    });
    const [header, ...rows] = lines;
    return { names: header?.cells ?? [], rows };
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    const isOpen = cause.code === 'CSV_QUOTE_NOT_CLOSED';
    const line = isOpen ? lineOfQuote(csv, Number(cause['bytes'])) : Number(cause['lines']) - doubled;
    const advice = 'Check its quotes, and that it has a cell for each name in the header.';
    throw new CodedError('BAD_USER_INPUT', `The body is not valid CSV in line ${line}. ${advice}`, { cause });
  }
}

/** The line of the first quote after so many bytes. */
function lineOfQuote(csv: string, bytes: number): number {
  const text = Buffer.from(csv);
  return text.toString('utf8', 0, text.indexOf('"', bytes)).split(/\r\n|[\r\n]/).length;
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
