import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Content, HistoryLine, Operation, Outcome } from './operation.ts';

type Begun = Pick<Operation, 'client' | 'server' | 'user' | 'request'>;

/** Writes down what happens, in the order in which it happens. */
export interface Recorder {
  file: string;
  /** Notes a request before it is sent. Returns what notes its answer. */
  begin: (operation: Begun) => (outcome: Outcome) => void;
  /** Notes that a fault begins. Returns what notes its end. */
  beginFault: (name: string, detail: string) => () => void;
  /** Milliseconds since the run began. */
  elapsed: () => number;
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
      return (outcome) => write({ type: 'answer', number, at: elapsed(), outcome });
    },
    beginFault(name, detail) {
      write({ type: 'fault', at: elapsed(), name, detail, phase: 'begins' });
      return () => write({ type: 'fault', at: elapsed(), name, detail, phase: 'ends' });
    },
    recordContent({ sessions, keys }) {
      for (const session of sessions) write({ type: 'session', session });
      for (const key of keys) write({ type: 'key', key });
      write({ type: 'end', at: elapsed() });
    },
    async close() {
      stream.end();
      await once(stream, 'close');
    },
  };
}
