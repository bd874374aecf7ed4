import * as fc from 'fast-check';
import { operations } from '../../src/rest/operations.ts';
import { damaged, emptyJson, hollow, oddText, often, rarely, toForm, withOddParts, writers } from './odd-values.ts';

/** Each character of the body stands for a byte. */
export type Content = { method: string; path: string; body?: string; type?: string };

/** Valid values, by the name of an input or else by that of its type. */
type Examples = Record<'Int' | 'Boolean' | 'accountId' | 'idempotencyKey', fc.Arbitrary<unknown>> &
  Record<'ID' | 'String', fc.Arbitrary<string>>;

export const bytesOf = (text: string | Uint8Array) => Buffer.from(text).toString('latin1');

/** Makes requests to every operation by each of its routes: valid ones, ones with faults, and others yet. */
export function randomRestRequest(examples: Examples): fc.Arbitrary<Content> {
  const { ID, Int, Boolean, String, accountId, idempotencyKey } = examples;
  const keys = { accountId, idempotencyKey, sessionId: ID };
  const texts = { ...keys, purpose: String, name: String, nameFilter: String, format: rarely(9, oddText) };
  const order = { sortField: fc.constantFrom('DateCreated', 'dateLastModified'), sortOrder: fc.constant('Ascend') };
  const lists = { specificIds: fc.array(ID), accountIds: fc.array(accountId), simplifiedPaging: Boolean };
  const pages = { page: fc.nat(5), countPerPage: Int, all: often(30, fc.constant(false), fc.constant(true)) };
  const fields = fc.record({ ...texts, ...order, ...lists, ...pages }, { requiredKeys: [] });
  const names = Object.keys({ ...texts, ...order, ...lists, ...pages });
  const hollowed = fc.dictionary(fc.constantFrom(...names), hollow);
  const items = fc.oneof(fields, fields, fields.chain(withOddParts), hollowed).map(Object);
  const bodies = fc.tuple(fc.constantFrom(...Object.entries(writers)), items).chain(([[type, write], item]) => {
    const body = bytesOf(write(item));
    const odd = fc.oneof(damaged(body), emptyJson);
    return fc.record({ type: fc.constant(type), body: often(5, fc.constant(body), odd) });
  });
  const oddIds = oddText.map((text) => text.slice(0, 2000).toWellFormed());
  const ids = often(4, ID, oddIds).map(encodeURIComponent);
  const routes = operations.flatMap(({ name, method, path }) => {
    const own = ids.map((id) => path.replace(/:\w+/, () => id));
    const named = fc.constantFrom(`/api/${name}`, `/json/reply/${name}`);
    return [fc.tuple(fc.constant(method), own), fc.tuple(fc.constantFrom(method, 'POST'), named)];
  });
  const verbs = rarely(15, fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'));
  const suffixes = rarely(2, fc.constantFrom('[]', '[]', '.json', '.csv', '.jsonl', '.xml', '[].csv', '/', '%ff'));
  const urls = fc.tuple(fc.oneof(...routes), verbs, suffixes, rarely(1, items));
  return fc.tuple(urls, bodies).map(([[[method, path], verb = method, suffix = '', search = {}], body]) => {
    return { method: verb, path: `${path}${suffix}?${toForm(search)}`, ...body };
  });
}
