import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import packageJson from '../../package.json' with { type: 'json' };
import { errorStatus } from '../errors.ts';

// No label has values that clients choose: each value takes memory, here and wherever the metrics are kept.

const registry = new Registry();
const registers = [registry];
const prefix = 'ai_sessions_';
const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
  new Counter({ registers, name: prefix + name, help, labelNames });
const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
  new Gauge({ registers, name: prefix + name, help, labelNames });

/** Whether someone can read the metrics. */
let areServed = false;

/** Makes a histogram that observes once metrics are served: finding the bucket of a value takes 1 % of a request. */
function histogram<Label extends string>(name: string, help: string, buckets: number[], ...labelNames: Label[]) {
  const metric = new Histogram({ registers, name: prefix + name, help, buckets, labelNames });
  return {
    observe(value: number, labels: Partial<Record<Label, string>> = {}): void {
      if (areServed) metric.observe(labels, value);
    },
    /** Makes the series of these labels, which has observed nothing yet. */
    zero: (labels: Partial<Record<Label, string>>) => metric.zero(labels),
  };
}

export const requestDuration = histogram(
  'request_duration_seconds',
  'How long requests took until their response was sent, by API and class of status.',
  seconds,
  'api',
  'status',
);
export const errorsAnswered = counter(
  'errors_total',
  'Requests whose response has an error, by API and code.',
  'api',
  'code',
);
export const runningRequests = gauge('running_requests', 'Requests that run now, of users and of strangers.', 'of');
export const clientConnections = gauge('client_connections', 'Open connections of clients.');
export const writes = counter('writes_total', 'Accounts and sessions that were created, changed or deleted.', 'action');
export const operations = counter(
  'operations_total',
  'Operations at /graphql, by their document: trusted or other.',
  'document',
);
export const compiledDocuments = gauge('compiled_documents', 'GraphQL documents that are compiled.');
export const batchSize = histogram(
  'batch_size',
  'How many requests shared a statement.',
  [1, 2, 5, 10, 20, 50, 100, 200, 500],
  'work',
);
export const databaseWait = histogram(
  'database_wait_seconds',
  'How long work waited for a connection to the database.',
  seconds,
);
export const databaseDuration = histogram(
  'database_duration_seconds',
  'How long the database took for work, once it had a connection.',
  seconds,
);
export const databaseWork = gauge(
  'database_running',
  'Work that runs on the database now. On PostgreSQL, each takes a connection.',
);
export const databaseConnections = gauge('database_connections', 'Open connections to PostgreSQL.');
export const droppedLogLines = counter(
  'dropped_log_lines_total',
  'Log lines that were dropped because stdout was not being read.',
);

/** What `writes` counts, each also with `: outcome unknown`. */
export const actions = ['account created', 'session created', 'session changed', 'session deleted'] as const;

// Each series exists from the start: `increase()` does not see the first value of one.
for (const api of ['graphql', 'rest', 'other']) {
  for (const status of ['2xx', '3xx', '4xx', '5xx', 'cut off']) requestDuration.zero({ api, status });
  for (const code of Object.keys(errorStatus)) errorsAnswered.inc({ api, code }, 0);
}
for (const action of actions.flatMap((name) => [name, `${name}: outcome unknown`])) writes.inc({ action }, 0);
for (const document of ['trusted', 'other']) operations.inc({ document }, 0);
for (const group of ['users', 'strangers']) runningRequests.inc({ of: group }, 0);
for (const work of ['create sessions', 'find sessions']) batchSize.zero({ work });
gauge('build_info', 'Always 1: the versions of the server and of Node.js.', 'version', 'node').set(
  { version: packageJson.version, node: process.versions.node },
  1,
);

/** Fills histograms from now on, and measures the process: memory, processor, garbage collection, event loop. */
export function startMeasuring(): void {
  areServed = true;
  collectDefaultMetrics({ register: registry });
  // Gauges with the names of counters, which promtool refuses.
  for (const what of ['handles', 'requests', 'resources']) registry.removeSingleMetric(`nodejs_active_${what}_total`);
}

/** Writes all metrics in the text format of Prometheus. */
export async function writeMetrics(): Promise<{ contentType: string; text: string }> {
  return { contentType: registry.contentType, text: await registry.metrics() };
}
