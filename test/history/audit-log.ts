import { open } from 'node:fs/promises';
import type { AuditLine } from './operation.ts';

const actions = { created: 'create', changed: 'patch', deleted: 'delete' } as const;
/** A kill may leave a part of a line before it. */
const pattern = /"requestId":"(\d+)","sessionId":"([^"]+)",.*"msg":"session (\w+)(: outcome unknown)?"\}$/;

/** Reads what a server logged of its writes. */
export async function* readAuditLog(file: string): AsyncGenerator<AuditLine> {
  const handle = await open(file);
  for await (const text of handle.readLines()) {
    const [, request, sessionId = '', done = '', unknown] = pattern.exec(text) ?? [];
    const action = Object.entries(actions).find(([name]) => name === done)?.[1];
    if (action) yield { request: Number(request), action, sessionId, isKnown: unknown === undefined };
  }
}
