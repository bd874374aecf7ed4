import type { IncomingMessage, ServerResponse } from 'node:http';
import * as graphql from 'graphql';
import { isAdministrator, refusal } from '../auth/viewer.ts';
import type { Context } from '../context.ts';
import { answerError } from './errors.ts';
import { operations, type Operation } from './operations.ts';
import { mediaTypes } from './response.ts';

interface Field {
  name: string;
  description: string;
  required: boolean;
  schema: object;
}

/**
 * Makes the handler of /openapi.json, which tells as much as introspection does.
 * @param signIn sets the viewer of the context, who must be an administrator; undefined: the document is for everyone
 */
export function createOpenApiHandler(
  schema: graphql.GraphQLSchema,
  signIn: ((authorization: string | undefined, context: Context) => Promise<void>) | undefined,
) {
  const document = JSON.stringify(createOpenApi(schema));
  return async (request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> => {
    try {
      await signIn?.(request.headers.authorization, context);
      if (signIn && !isAdministrator(context.viewer)) throw refusal(context.viewer);
      context.takePlace();
      response.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8' }).end(document);
    } catch (error) {
      answerError(error, response, context.log);
    }
  };
}

/** Describes the REST API in OpenAPI 3.1. The descriptions are those of the schema. */
function createOpenApi(schema: graphql.GraphQLSchema): object {
  const paths: Record<string, object> = {};
  for (const operation of operations) {
    const path = operation.path.replace(/:(\w+)/, '{$1}');
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describeOperation(operation, schema) };
  }
  const session = graphql.assertObjectType(schema.getType('AISessionInfo'));
  const properties = Object.values(session.getFields()).map(({ name, type, description }) => {
    const [{ type: kind, ...rest }, isPresent] = [jsonSchema(type), graphql.isNonNullType(type)];
    return [name, { ...rest, type: isPresent ? kind : [kind, 'null'], description }];
  });
  const AISessionInfo = {
    type: 'object',
    description: session.description,
    properties: Object.fromEntries(properties),
  };
  return {
    openapi: '3.1.0',
    info: { title: 'AI Sessions', version: '1', description: 'AI sessions over REST. GraphQL is at /graphql.' },
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: { AISessionInfo, AISessionList, Failure },
    },
  };
}

const text = { type: 'string' };
const number = { type: 'integer' };
const errors = {
  type: 'array',
  items: { type: 'object', properties: { errorCode: text, fieldName: text, message: text } },
};
const responseStatus = { type: 'object', properties: { errorCode: text, message: text, errors } };
const Failure = { type: 'object', properties: { responseStatus } };
const items = { type: 'array', items: { $ref: '#/components/schemas/AISessionInfo' } };
const list = { items, totalCount: number, totalPages: number, hasMorePages: { type: 'boolean' } };
const AISessionList = { type: 'object', properties: list };

function describeOperation(operation: Operation, schema: graphql.GraphQLSchema): object {
  const { name, method, path, coordinate, isList = false } = operation;
  const resolved = graphql.resolveSchemaCoordinate(schema, coordinate);
  const description = resolved?.kind === 'Field' ? resolved.field.description : undefined;
  const fields = describeFields(operation, schema);
  const hasBody = method === 'POST' || method === 'PATCH';
  const isInPath = (field: Field) => path.includes(`:${field.name}`);
  const parameters = fields
    .filter((field) => !hasBody || isInPath(field))
    .map((field) => ({ ...field, in: isInPath(field) ? 'path' : 'query', explode: false }));
  const key = fields.find((field) => field.name === 'idempotencyKey');
  const header = key ? [{ ...key, name: 'Idempotency-Key', in: 'header' }] : [];
  const bodyFields = fields
    .filter((field) => !isInPath(field))
    .map((field) => [field.name, { ...field.schema, description: field.description }]);
  const body = { schema: { type: 'object', properties: Object.fromEntries(bodyFields) } };
  const bodyTypes = ['application/json', 'application/x-www-form-urlencoded', 'text/csv'];
  const answer = { schema: { $ref: `#/components/schemas/${isList ? 'AISessionList' : 'AISessionInfo'}` } };
  const content = {
    [mediaTypes.json]: answer,
    [mediaTypes.csv]: { schema: text },
    [mediaTypes.jsonl]: { schema: text },
  };
  const failure = { [mediaTypes.json]: { schema: { $ref: '#/components/schemas/Failure' } } };
  return {
    operationId: name,
    summary: description,
    parameters: [...parameters, ...header],
    ...(hasBody && { requestBody: { content: Object.fromEntries(bodyTypes.map((type) => [type, body])) } }),
    responses: {
      ...(method === 'DELETE' ? { 204: { description: 'Done.' } } : { 200: { description: 'The answer.', content } }),
      default: { description: 'What went wrong, in JSON whatever format was asked for.', content: failure },
    },
  };
}

function describeFields({ fields, words, flags = {} }: Operation, schema: graphql.GraphQLSchema): Field[] {
  const variables = Object.entries(fields).map(([name, coordinate]) => {
    const input = findInput(schema, coordinate);
    const required = graphql.isRequiredArgument(input);
    return { name, description: input.description ?? '', required, schema: jsonSchema(input.type, words) };
  });
  const switches = Object.entries(flags).map(([name, description]) => {
    return { name, description, required: false, schema: { type: 'boolean' } };
  });
  return [...variables, ...switches];
}

function findInput(
  schema: graphql.GraphQLSchema,
  coordinate: string,
): graphql.GraphQLArgument | graphql.GraphQLInputField {
  const resolved = graphql.resolveSchemaCoordinate(schema, coordinate);
  if (resolved?.kind === 'FieldArgument') return resolved.fieldArgument;
  if (resolved?.kind === 'InputField') return resolved.inputField;
  throw new Error(`the schema has no input ${coordinate}`);
}

function jsonSchema(type: graphql.GraphQLType, words: Record<string, string> = {}): { type: string } {
  const nullable = graphql.getNullableType(type);
  if (graphql.isListType(nullable)) {
    return Object.assign({ type: 'array' }, { items: jsonSchema(nullable.ofType, words) });
  }
  if (graphql.isEnumType(nullable)) {
    const values = Object.keys(words).filter((word) => nullable.getValue(words[word] ?? ''));
    return Object.assign({ type: 'string' }, { enum: values });
  }
  const formats = new Map([
    ['ID', 'uuid'],
    ['DateTime', 'date-time'],
  ]);
  const format = formats.get(String(nullable));
  return { type: String(nullable) === 'Int' ? 'integer' : 'string', ...(format && { format }) };
}
