import { propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, context, trace } from '@opentelemetry/api';
import type { Link, Span } from '@opentelemetry/api';

// Without an SDK, which the operator loads before this program, all of this does next to nothing.
const tracer = trace.getTracer('ai-sessions');

async function inSpan<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // Not its message, which may hold a statement's parameters.
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}

/**
 * Runs an operation in a span of its own, which continues the trace of its client.
 * @param headers those of the request, such as `traceparent` (https://www.w3.org/TR/trace-context/)
 */
export function traceOperation<T>(headers: object, work: () => Promise<T>): Promise<T> {
  // An SDK may trace HTTP by itself.
  const parent = trace.getActiveSpan() ? context.active() : propagation.extract(ROOT_CONTEXT, headers);
  return tracer.startActiveSpan('GraphQL Operation', { kind: SpanKind.SERVER }, parent, (span) => inSpan(span, work));
}

/** Says in the span of an operation which one it is (https://opentelemetry.io/docs/specs/semconv/graphql/). */
export function describeOperation(type: string, name: string | undefined): void {
  const span = trace.getActiveSpan();
  span?.updateName(type).setAttribute('graphql.operation.type', type);
  if (name !== undefined) span?.setAttribute('graphql.operation.name', name);
}

/** Says in the span of an operation that its response has an error. */
export function describeError(code: string): void {
  trace.getActiveSpan()?.setAttribute('error.type', code).setStatus({ code: SpanStatusCode.ERROR });
}

/** Links to the operation that runs now, for work that is shared with others. */
export function linkToOperation(): Link[] {
  const span = trace.getActiveSpan();
  return span ? [{ context: span.spanContext() }] : [];
}

/** Does work of several operations in a trace of its own, which links to theirs. */
export function traceShared<T>(name: string, links: Link[], work: () => Promise<T>): Promise<T> {
  return tracer.startActiveSpan(name, { root: true, links }, (span) => inSpan(span, work));
}

/** Runs work on the database in a span of its own. */
export function traceDatabase<T>(work: () => Promise<T>): Promise<T> {
  const options = { kind: SpanKind.CLIENT, attributes: { 'db.system.name': 'postgresql' } };
  return tracer.startActiveSpan('database', options, (span) => inSpan(span, work));
}

/** Notes a statement, without its parameters, in the span of the work that it is part of. */
export function noteStatement(statement: string): void {
  trace.getActiveSpan()?.addEvent('statement', { 'db.query.text': statement });
}
