import { describe, expect, test } from 'vitest';
import { readCsv, writeCsv } from '../../src/rest/csv.ts';

const read = (text: string) => {
  const { names, rows } = readCsv(text);
  return rows.map(({ cells }) => Object.fromEntries(names.map((name, index) => [name, cells[index]])));
};
const write = (text: unknown) => writeCsv([{ text }], ['text'], false);

describe('CSV that is read', () => {
  test.each([
    ['in lines that end in CRLF', 'a,b\r\n1,2\r\n3,4\r\n'],
    ['in lines that end in LF', 'a,b\n1,2\n3,4\n'],
    ['without an end of its last line', 'a,b\n1,2\n3,4'],
    ['behind a byte-order mark', '\uFEFFa,b\n1,2\n3,4\n'],
    ['in quotes', '"a","b"\n"1","2"\n"3","4"\n'],
  ])('has a row for each line under its header: %s', (_form, text) => {
    expect(read(text)).toEqual([
      { a: '1', b: '2' },
      { a: '3', b: '4' },
    ]);
  });

  test('keeps commas, quotes and line ends inside of quotes', () => {
    expect(read('a\n"1,""2""\r\n3"\n')).toEqual([{ a: '1,"2"\r\n3' }]);
  });

  test('has no rows under a header alone, nor in an empty text', () => {
    expect(read('a,b\n')).toEqual([]);
    expect(read('')).toEqual([]);
  });

  test.each([
    ['more cells than the header', 'a\n1,2\n'],
    ['fewer cells than the header', 'a,b\n1\n'],
    ['a quote that never ends', 'a\n"1\n'],
    ['a quote inside of a cell', 'a\n1"2\n'],
  ])('is refused for %s', (_fault, text) => {
    expect(() => readCsv(text)).toThrow(Error);
  });
});

describe('CSV that is written', () => {
  test('has a header whose names begin with capitals, and lines that end in CRLF', () => {
    const rows = [
      { id: 'a', purpose: 'x' },
      { id: 'b', purpose: null },
    ];
    expect(writeCsv(rows, ['id', 'purpose'])).toBe('Id,Purpose\r\na,x\r\nb,\r\n');
  });

  test('has no header where it continues other rows', () => {
    expect(writeCsv([{ id: 'a' }], ['id'], false)).toBe('a\r\n');
  });

  test('has a header where there are no rows', () => {
    expect(writeCsv([], ['id', 'purpose'])).toBe('Id,Purpose\r\n');
  });

  test.each([
    ['a comma', 'a,b', '"a,b"\r\n'],
    ['a quote', 'a"b', '"a""b"\r\n'],
    ['a line feed', 'a\nb', '"a\nb"\r\n'],
    ['a carriage return', 'a\rb', '"a\rb"\r\n'],
  ])('quotes a cell that holds %s', (_what, text, expected) => {
    expect(write(text)).toBe(expected);
  });

  test.each(['=1', '+1', '-1', '@A1', '＝1', '＋1', '－1', '＠A1'])('takes %s for no formula', (text) => {
    expect(write(text)).toBe(`'${text}\r\n`);
  });

  test.each([
    ['behind blanks', '  =1', "'  =1"],
    ['behind a tab', '\t=1', "'\t'=1"],
    ['behind a semicolon', 'a;=1', "a;'=1"],
    ['behind a line end', 'a\n=1', "a\n'=1"],
    ['behind a quote', '"=1', '\'"=1'],
  ])('takes what stands %s for no formula', (_where, text, expected) => {
    expect(read(`Text\r\n${write(text)}`)).toEqual([{ Text: expected }]);
  });

  test.each(['a=1', '1-1', 'a@b.example', 'a + b'])('leaves %s as it is', (text) => {
    expect(write(text)).toBe(`${text}\r\n`);
  });
});
