import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

// No label has values that clients choose: each value takes memory, here and wherever the metrics are kept.

const registry = new Registry();
const common = { registers: [registry] };
const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export const requestDuration = new Histogram({
  ...common,
  name: 'ai_sessions_request_duration_seconds',
  help: 'How long requests took until their response was sent, by API and class of status.',
  labelNames: ['api', 'status'],
  buckets: seconds,
});

export const errorsAnswered = new Counter({
  ...common,
  name: 'ai_sessions_errors_total',
  help: 'Requests whose response has an error, by API and code.',
  labelNames: ['api', 'code'],
});

export const runningRequests = new Gauge({
  ...common,
  name: 'ai_sessions_running_requests',
  help: 'Requests that run now, of users and of strangers.',
  labelNames: ['of'],
});

export const clientConnections = new Gauge({
  ...common,
  name: 'ai_sessions_client_connections',
  help: 'Open connections of clients.',
});

export const writes = new Counter({
  ...common,
  name: 'ai_sessions_writes_total',
  help: 'Accounts and sessions that were created, changed or deleted.',
  labelNames: ['action'],
});

export const compiledDocuments = new Gauge({
  ...common,
  name: 'ai_sessions_compiled_documents',
  help: 'GraphQL documents that are compiled.',
});

export const batchSize = new Histogram({
  ...common,
  name: 'ai_sessions_batch_size',
  help: 'How many requests shared a statement.',
  labelNames: ['work'],
  buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
});

export const databaseWait = new Histogram({
  ...common,
  name: 'ai_sessions_database_wait_seconds',
  help: 'How long work waited for a connection to the database.',
  buckets: seconds,
});

export const databaseDuration = new Histogram({
  ...common,
  name: 'ai_sessions_database_duration_seconds',
  help: 'How long the database took for work, once it had a connection.',
  buckets: seconds,
});

export const databaseWork = new Gauge({
  ...common,
  name: 'ai_sessions_database_running',
  help: 'Work that runs on the database now. On PostgreSQL, each takes a connection.',
});

export const databaseConnections = new Gauge({
  ...common,
  name: 'ai_sessions_database_connections',
  help: 'Open connections to PostgreSQL.',
});

export const droppedLogLines = new Counter({
  ...common,
  name: 'ai_sessions_dropped_log_lines_total',
  help: 'Log lines that were dropped because stdout was not being read.',
});

/** Measures the process too from now on: memory, processor, garbage collection, delay of the event loop. */
export function measureProcess(): void {
  collectDefaultMetrics({ register: registry });
}

/** Writes all metrics in the text format of Prometheus. */
export async function writeMetrics(): Promise<{ contentType: string; text: string }> {
  return { contentType: registry.contentType, text: await registry.metrics() };
}
