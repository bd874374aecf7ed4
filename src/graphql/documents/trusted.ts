import { NoSchemaIntrospectionCustomRule, parse, specifiedRules, validate } from 'graphql';
import type { DocumentNode, GraphQLSchema } from 'graphql';
import type { GraphQLParams, Plugin } from 'graphql-yoga';
import type { Context } from '../../context.ts';
import { CodedError } from '../../errors.ts';
import type { Logger } from '../../observability/log.ts';
import type { Parameters } from '../parameters.ts';

export interface TrustedOptions {
  /** Documents by their ids. */
  manifest: Map<string, string>;
  /** Whether no other document is served. */
  isOnly: boolean;
}

/**
 * Makes what finds trusted documents, and lets them pass the limits on documents: no stranger can choose them.
 * @param isOpen whether everyone may explore the schema: if not, no document may do it for them
 */
export function createTrustedDocuments(
  { manifest, isOnly }: TrustedOptions,
  schema: GraphQLSchema,
  isOpen: boolean,
  log: Logger,
) {
  const rules = [...specifiedRules, ...(isOpen ? [] : [NoSchemaIntrospectionCustomRule])];
  const textsById = new Map<string, string>();
  const documents = new Map<string, DocumentNode>();

  for (const [id, text] of manifest) {
    try {
      const document = parse(text);
      const [error] = validate(schema, document, rules);
      if (error) throw error;
      textsById.set(withoutPrefix(id), text);
      documents.set(text, document);
    } catch (err) {
      // A manifest may be newer than a server that was rolled back.
      log.warn({ documentId: id, err }, 'a trusted document is not valid in this schema, and left out');
    }
  }

  /**
   * Finds the document that a request names (GraphQL over HTTP, Appendix A: Persisted Documents), and notes whether it
   * is trusted.
   * @throws PERSISTED_QUERY_NOT_FOUND, and BAD_USER_INPUT where no other documents are served
   */
  function find({ documentId, ...params }: Parameters, context: Context): GraphQLParams {
    const id: unknown = documentId ?? params.extensions?.['persistedQuery']?.sha256Hash;
    const query = params.query || (typeof id === 'string' ? textsById.get(withoutPrefix(id)) : undefined);
    context.isTrusted = query !== undefined && documents.has(query);
    if (context.isTrusted) context.logFields.trusted = true;
    else if (isOnly && query) throw refusal('Send the "documentId" of one instead of this document.');
    else if (isOnly && id === undefined) throw refusal('Send the "documentId" of one.');
    else if (isOnly) throw refusal('None has this id: deploy the manifest of your build with the server.');
    // Clients know this message and code, and then send the document.
    else if (id !== undefined && !query) throw new CodedError('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound');
    return { ...params, ...(query && { query }) };
  }

  const plugin: Plugin<Context, Context> = {
    onParse({ context, setParsedDocument }) {
      const document = context.isTrusted ? documents.get(context.params.query ?? '') : undefined;
      if (document) setParsedDocument(document);
    },
    onValidate({ context, setResult }) {
      if (context.isTrusted) setResult([]);
    },
  };
  return { find, plugin, size: documents.size };
}

export type TrustedDocuments = ReturnType<typeof createTrustedDocuments>;

/** Clients and manifests name the same hash with its algorithm or without. */
function withoutPrefix(id: string): string {
  return id.replace(/^sha256:/, '');
}

function refusal(advice: string): CodedError {
  return new CodedError('BAD_USER_INPUT', `This server runs trusted documents only. ${advice}`);
}
