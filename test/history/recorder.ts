import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { AuditLine, Content, HistoryLine, Operation, Outcome } from './operation.ts';

type Begun = Pick<Operation, 'client' | 'server' | 'user' | 'request'>;

/** Writes down what happens, in the order in which it happens. */
export interface Recorder {
  file: string;
  /** Notes a request before it is sent. Returns its number, and what notes its answer. */
  begin: (operation: Begun) => { number: number; end: (outcome: Outcome) => void };
  /** Notes that a fault begins, which kills a server if one is named. Returns what notes its end. */
  beginFault: (name: string, detail: string, killed?: string) => () => void;
  /** Milliseconds since the run began. */
  elapsed: () => number;
  /** Notes a line of a server's log. */
  recordAudit: (line: AuditLine) => void;
  /** Notes what the database holds at the end. */
  recordContent: (content: Content) => void;
  close: () => Promise<void>;
}

/** Opens a file of JSON lines, which must not exist. */
export async function openRecorder(file: string): Promise<Recorder> {
  const stream = createWriteStream(file, { flags: 'wx' });
  await once(stream, 'open');
  const start = performance.now();
  let operations = 0;
  const elapsed = () => Number((performance.now() - start).toFixed(3));
  const write = (line: HistoryLine) => void stream.write(`${JSON.stringify(line)}\n`);

  return {
    file,
    elapsed,
    begin(operation) {
      operations += 1;
      const number = operations;
      write({ type: 'request', number, at: elapsed(), ...operation });
      return { number, end: (outcome) => write({ type: 'answer', number, at: elapsed(), outcome }) };
    },
    beginFault(name, detail, killed) {
      write({ type: 'fault', at: elapsed(), name, detail, killed, phase: 'begins' });
      return () => write({ type: 'fault', at: elapsed(), name, detail, phase: 'ends' });
    },
    recordAudit: (line) => write({ type: 'audit', ...line }),
    recordContent({ sessions, keys }) {
      for (const session of sessions) write({ type: 'session', session });
      for (const key of keys) write({ type: 'key', key });
      write({ type: 'end', at: elapsed(), hasAudit: true });
    },
    async close() {
      stream.end();
      await once(stream, 'close');
    },
  };
}
