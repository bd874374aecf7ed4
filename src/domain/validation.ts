import { z } from 'zod';
import { badInput } from '../errors.ts';

// The limits of inputs. Lengths are in characters, which are Unicode code points.
export const maximumPurposeLength = 2000;
export const maximumNameLength = 255;
export const maximumKeyLength = 255;
/** Of the id of a user, which is the `sub` of tokens. */
export const maximumUserLength = 255;
/** How many ids a filter may have. */
export const maximumIds = 100;
export const defaultPageSize = 25;
export const maximumPageSize = 100;
export const maximumOffset = 10_000;

/** An input that may be left out, which is the same as null. */
export type Optional<Value> = Value | null | undefined;

/** Checks an input if it is given. */
export function ifGiven<Input, Checked>(input: Optional<Input>, check: (given: Input) => Checked): Checked | undefined {
  return input === null || input === undefined ? undefined : check(input);
}

export function isUuid(value: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
}

/** Checks an id. @returns it in lower case, as the database writes it @throws BAD_USER_INPUT */
export function checkId(field: string, id: string): string {
  if (!isUuid(id)) throw badInput(field, `"${field}" must be a UUID.`);
  return id.toLowerCase();
}

/** Checks the ids of a filter. @throws BAD_USER_INPUT */
export function checkIds(field: string, ids: string[]): string[] {
  if (ids.length > maximumIds) throw badInput(field, `"${field}" must have at most ${maximumIds} items.`);
  return ids.map((id) => checkId(field, id));
}

/** From year 1 to 9999: what both ISO 8601 and the database can hold. */
const instant = z.iso
  .datetime({ offset: true })
  .transform((value) => new Date(value))
  .refine((date) => date.getUTCFullYear() >= 1 && date.getUTCFullYear() <= 9999);

/** Reads an instant in ISO 8601. @throws BAD_USER_INPUT */
export function checkInstant(field: string, value: string): Date {
  const { data } = instant.safeParse(value);
  if (data) return data;
  throw badInput(field, `"${field}" must be an instant such as "2026-01-31T08:30:00.000Z".`);
}

/**
 * Checks that a string can be stored unchanged: PostgreSQL refuses NUL and silently replaces lone surrogates, and PGlite
 * reads a string without the byte-order mark at its start.
 * @throws BAD_USER_INPUT
 */
export function checkString(field: string, value: string, maximum: number, minimum = 0): string {
  if (value.includes('\0')) throw badInput(field, `"${field}" must not contain a NUL character.`);
  if (!value.isWellFormed()) throw badInput(field, `"${field}" must be well-formed Unicode: it has a lone surrogate.`);
  if (value.startsWith('\uFEFF')) throw badInput(field, `"${field}" must not begin with a byte-order mark (U+FEFF).`);
  // A code point takes at most two code units, so only long strings need counting.
  const length = value.length > maximum ? Array.from(value).length : value.length;
  if (length >= minimum && length <= maximum) return value;
  const range = `${minimum === 0 ? 'at most' : `${minimum} to`} ${maximum.toLocaleString('en')}`;
  throw badInput(field, `"${field}" must be ${range} characters long.`);
}
