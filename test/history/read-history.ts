import { open } from 'node:fs/promises';
import type { Audit, Content, History, HistoryLine, Operation } from './operation.ts';

/** A history, and how often each fault was done. */
export interface RecordedHistory extends History {
  faults: Map<string, number>;
}

/** Reads the file that a run wrote. A request without an answer has an unknown outcome. */
export async function readHistory(file: string): Promise<RecordedHistory> {
  const operations: Operation[] = [];
  const pending = new Map<number, Operation>();
  const faults = new Map<string, number>();
  const content: Content = { sessions: [], keys: [] };
  const audit: Audit = { lines: [], kills: [] };
  let hasAudit = false;
  let isWhole = false;

  function add(line: HistoryLine): void {
    if (line.type === 'request') {
      const { type: _type, at: invoked, ...begun } = line;
      const outcome = { kind: 'unknown', reason: 'no answer' } as const;
      const operation: Operation = { ...begun, invoked, completed: Infinity, outcome };
      operations.push(operation);
      pending.set(operation.number, operation);
    } else if (line.type === 'answer') {
      const operation = pending.get(line.number);
      if (operation) Object.assign(operation, { completed: line.at, outcome: line.outcome });
      pending.delete(line.number);
    } else if (line.type === 'fault') {
      if (line.phase === 'begins') faults.set(line.name, (faults.get(line.name) ?? 0) + 1);
      if (line.killed && line.phase === 'begins') audit.kills.push({ server: line.killed, at: line.at });
    } else if (line.type === 'audit') audit.lines.push(line);
    else if (line.type === 'session') content.sessions.push(line.session);
    else if (line.type === 'key') content.keys.push(line.key);
    else {
      isWhole = true;
      hasAudit = line.hasAudit ?? false;
    }
  }

  const handle = await open(file);
  for await (const line of handle.readLines()) add(JSON.parse(line));
  return { operations, content: isWhole ? content : undefined, audit: hasAudit ? audit : undefined, faults };
}
