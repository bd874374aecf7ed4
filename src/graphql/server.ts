import type { IncomingMessage, ServerResponse } from 'node:http';
import { getOperationAST, GraphQLError, Kind } from 'graphql';
import type { DocumentNode, ExecutionResult, GraphQLSchema } from 'graphql';
import { createYoga, type GraphQLParams, type Plugin } from 'graphql-yoga';
import type { Context, SignIn } from '../context.ts';
import { CodedError } from '../errors.ts';
import { operations } from '../observability/metrics.ts';
import { useOperationLog } from '../observability/operation-log.ts';
import { describeError, traceOperation } from '../observability/traces.ts';
import { createDocumentCache } from './documents/cache.ts';
import { useCompilation } from './documents/compilation.ts';
import { limitSize, useLimits } from './documents/limits.ts';
import type { TrustedDocuments } from './documents/trusted.ts';
import { codeOf, httpOf, maskUnexpected, reportErrors } from './errors.ts';
import { chooseMediaType, mediaTypes } from './media-types.ts';
import { outcomeOf, statusOf, type Outcome } from './outcome.ts';
import { readParameters, type Parameters } from './parameters.ts';

interface GraphQLOptions {
  schema: GraphQLSchema;
  signIn: SignIn;
  /** Whether everyone may explore the schema, or only administrators. */
  isOpen: boolean;
  /** Undefined: there is no manifest of them. */
  trusted: TrustedDocuments | undefined;
  /** How often a document is executed before it is compiled. */
  usesBeforeCompilation?: number | undefined;
}

/** Makes the server of GraphQL over HTTP, at /graphql (https://graphql.github.io/graphql-over-http/draft/). */
export function createGraphQLServer({ schema, signIn, isOpen, trusted, usesBeforeCompilation }: GraphQLOptions) {
  const yoga = createYoga<Context>({
    schema,
    maskedErrors: { maskError: maskUnexpected },
    logging: false,
    plugins: [
      ...(trusted ? [trusted.plugin] : []),
      checkOperation,
      useOperationLog(),
      ...useLimits(isOpen),
      useCompilation(usesBeforeCompilation, trusted?.size),
    ],
    parserAndValidationCache: createDocumentCache(),
  });

  /**
   * Runs an operation for the viewer of the context. Yoga parses, validates and executes it. We skip Yoga's copies of
   * request and response, which take most of its time.
   * @param request tells whether the operation came by GET, and so must be a query
   * @throws GraphQLError when the parameters are not valid
   */
  async function execute(params: GraphQLParams, context: Context, request = byPost): Promise<ExecutionResult> {
    return traceOperation(context.headers, async () => {
      const result = await yoga.getResultForParams({ params, request }, context);
      if (!result || Symbol.asyncIterator in result) throw new Error('an operation did not return one result');
      const reported = reportErrors(result, context);
      if (reported.errors?.[0]) describeError(codeOf(reported.errors[0]));
      return reported;
    });
  }

  async function run(request: IncomingMessage, context: Context): Promise<Outcome> {
    try {
      await signIn(request.headers.authorization, context);
      const sent = await readParameters(request, context);
      context.admit();
      const params = trusted ? trusted.find(sent, context) : refuseId(sent);
      operations.inc({ document: context.isTrusted ? 'trusted' : 'other' });
      const result = await execute(params, context, request.method === 'POST' ? byPost : byGet);
      return outcomeOf(limitSize(result, context.cost));
    } catch (error) {
      const masked = maskUnexpected(error);
      const result = reportErrors({ errors: [masked] }, context);
      return { kind: 'refused', result, ...httpOf(masked) };
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> {
    const mediaType = chooseMediaType(request, mediaTypes) ?? 'application/json';
    const outcome = await run(request, context);
    const { errors } = outcome.result;
    if (errors) context.logFields.errors = [...new Set(errors.map(codeOf))];
    const body = writeResult(outcome.result);
    const length = Buffer.byteLength(body);
    response.writeHead(statusOf(outcome, mediaType), {
      ...context.responseHeaders,
      ...(outcome.kind === 'refused' && outcome.headers),
      'Content-Type': `${mediaType}; charset=utf-8`,
      'Content-Length': length,
    });
    // Without other characters than those of ASCII, which is faster to write.
    response.end(body, length === body.length ? 'latin1' : 'utf8');
  }

  return { execute, answer };
}

const byPost = new Request('http://localhost/graphql', { method: 'POST' });
const byGet = new Request('http://localhost/graphql');

/** Says which operation is missing. Yoga says only that it found none. */
const checkOperation: Plugin<Context, Context> = {
  onParse: () => (parsed) => {
    const document: DocumentNode | Error | null = parsed.result;
    const { operationName } = parsed.context.params;
    if (!document || document instanceof Error || getOperationAST(document, operationName)) return;
    if (operationName) throw new GraphQLError(`The document has no operation called "${operationName}".`);
    const hasOperation = document.definitions.some(({ kind }) => kind === Kind.OPERATION_DEFINITION);
    if (!hasOperation) throw new GraphQLError('The document has no operation.');
    throw new GraphQLError('Say in "operationName" which operation of the document to run.');
  },
};

/** Without a manifest, no id is known. Clients know this message and code, and then send the document. */
function refuseId(params: Parameters): GraphQLParams {
  if (!params.query && (params.documentId ?? params.extensions?.['persistedQuery']))
    throw new CodedError('PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported');
  // Yoga knows no such parameter.
  delete params.documentId;
  return params;
}

/** Writes a result without `extensions.http`, which is Yoga's way to pass a status on. */
function writeResult({ data, errors }: ExecutionResult): string {
  if (!errors) return JSON.stringify({ data });
  const withoutHttp = errors.map((error) => ({
    ...error.toJSON(),
    extensions: { ...error.extensions, http: undefined },
  }));
  return JSON.stringify({ errors: withoutHttp, data });
}
