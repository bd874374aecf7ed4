import { z } from 'zod';
import { badInput } from '../errors.ts';

export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}

/** From year 1 to 9999: what both text and database can hold. */
const instant = z.iso
  .datetime({ offset: true })
  .transform((text) => new Date(text))
  .refine((date) => date.getUTCFullYear() >= 1 && date.getUTCFullYear() <= 9999);

/**
 * Checks an id.
 * @returns the id in lower case, as the database writes it
 * @throws BAD_USER_INPUT
 */
export function checkId(field: string, id: string): string {
  if (!isUuid(id)) throw badInput(field, `"${field}" must be a UUID.`);
  return id.toLowerCase();
}

/** The most ids of a filter. */
export const maximumIds = 100;

/** Checks the ids of a filter; null and undefined are none. Throws BAD_USER_INPUT. */
export function checkIds(field: string, ids: string[] | null | undefined): string[] | undefined {
  if (ids && ids.length > maximumIds) throw badInput(field, `"${field}" must have at most ${maximumIds} items.`);
  return ids?.map((id) => checkId(field, id));
}

/**
 * Reads an instant from ISO 8601 text.
 * @throws BAD_USER_INPUT
 */
export function checkInstant(field: string, text: string): Date {
  const { data } = instant.safeParse(text);
  if (data) return data;
  throw badInput(field, `"${field}" must be an instant such as "2026-01-31T08:30:00.000Z".`);
}

/**
 * Checks that a string can be stored unchanged: PostgreSQL refuses NUL and silently replaces lone surrogates.
 * @param maximum the maximum number of characters (Unicode code points)
 * @throws BAD_USER_INPUT
 */
export function checkText(field: string, text: string, maximum: number, minimum = 0): string {
  if (text.includes('\0')) throw badInput(field, `"${field}" must not contain a NUL character.`);
  if (!text.isWellFormed()) throw badInput(field, `"${field}" must be well-formed Unicode: it has a lone surrogate.`);
  // A code point takes at most two code units, so only long texts need counting.
  const length = text.length > maximum ? Array.from(text).length : text.length;
  if (length < minimum || length > maximum) {
    throw badInput(field, `"${field}" must have from ${minimum} to ${maximum} characters.`);
  }
  return text;
}
