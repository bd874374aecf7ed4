import type { Operation } from './operation.ts';

/** Something that no right server would have done. */
export interface Violation {
  /** An acknowledged session is missing; a key has two sessions or a session no key of its own; answers exclude each other. */
  kind: 'lost' | 'doubled' | 'contradiction';
  text: string;
  /** The requests and answers that contradict one another. */
  evidence: Operation[];
}

/** Says what is wrong, and shows the requests and answers that prove it. */
export function describeViolation({ kind, text, evidence }: Violation): string {
  const lines = evidence.map((operation) => `    ${cut(JSON.stringify(operation))}`);
  return [`${kind}: ${text}`, ...lines].join('\n');
}

const cut = (text: string) => (text.length > 1000 ? `${text.slice(0, 1000)}…` : text);
