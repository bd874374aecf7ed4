import type { IncomingMessage, ServerResponse } from 'node:http';
import * as graphql from 'graphql';
import { isAdministrator, refusal } from '../auth/viewer.ts';
import type { Context, SignIn } from '../context.ts';
import { answerError } from './errors.ts';
import { operations, type Entity, type Operation } from './operations.ts';
import { mediaTypes } from './response.ts';

interface Field {
  name: string;
  description: string;
  required: boolean;
  schema: JsonSchema;
}

interface JsonSchema {
  type: string;
  items?: JsonSchema;
  enum?: string[];
  format?: string;
}

/**
 * Makes the handler of /openapi.json, which reveals as much as introspection does.
 * @param signIn sets the viewer of the context, who must be an administrator; undefined: the document is for everyone
 */
export function createOpenApiHandler(schema: graphql.GraphQLSchema, signIn: SignIn | undefined) {
  const document = JSON.stringify(createOpenApi(schema));
  return async (request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> => {
    try {
      await signIn?.(request.headers.authorization, context);
      if (signIn && !isAdministrator(context.viewer)) throw refusal(context.viewer);
      context.takePlace();
      response.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8' }).end(document);
    } catch (error) {
      answerError(error, response, context);
    }
  };
}

/** Describes the REST API in OpenAPI 3.1. The descriptions are those of the schema. */
function createOpenApi(schema: graphql.GraphQLSchema): object {
  const paths: Record<string, object> = {};
  const schemas: Record<string, object> = { Failure };
  for (const operation of operations) {
    const path = operation.path.replace(/:(\w+)/, '{$1}');
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describeOperation(operation, schema) };
    const { type } = operation.entity;
    schemas[type] = describeEntity(operation.entity, schema);
    schemas[`${type}List`] = describeList(type);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'AI Sessions',
      version: '1',
      license: { name: 'MIT', identifier: 'MIT' },
      description: `AI sessions and accounts over REST. Every operation is also at \`POST /api/{Operation}\` and \
\`POST /json/reply/{Operation}\`, with all of its fields in the body, and takes a list of items at \
\`POST /api/{Operation}[]\`. Bodies may be forms or CSV too. GraphQL is at \`/graphql\`.`,
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    paths,
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } }, schemas },
  };
}

const text = { type: 'string' };
const wholeNumber = { type: 'integer' };
const errors = {
  type: 'array',
  items: { type: 'object', properties: { errorCode: text, fieldName: text, message: text } },
};
const responseStatus = {
  type: 'object',
  properties: { errorCode: text, message: text, errors },
  required: ['errorCode', 'message', 'errors'],
};
const Failure = { type: 'object', properties: { responseStatus }, required: ['responseStatus'] };

function describeList(type: string): object {
  const items = { type: 'array', items: reference(type) };
  const properties = { items, totalCount: wholeNumber, totalPages: wholeNumber, hasMorePages: { type: 'boolean' } };
  return { type: 'object', properties, required: ['items', 'hasMorePages'] };
}

/** All fields are in every answer; those that are nullable in the schema may be null. */
function describeEntity({ type, fields }: Entity, schema: graphql.GraphQLSchema): object {
  const objectType = graphql.assertObjectType(schema.getType(type));
  const properties = fields.map((name) => {
    const field = objectType.getFields()[name];
    if (!field) throw new Error(`${type} has no field ${name}`);
    const value = jsonSchema(field.type);
    const schemaOfField = graphql.isNonNullType(field.type) ? value : orNull(value);
    return [name, { ...schemaOfField, description: field.description }];
  });
  const { description } = objectType;
  return { type: 'object', description, properties: Object.fromEntries(properties), required: fields };
}

function reference(name: string): object {
  return { $ref: `#/components/schemas/${name}` };
}

function describeOperation(operation: Operation, schema: graphql.GraphQLSchema): object {
  const { name, method, path, coordinate } = operation;
  const resolved = graphql.resolveSchemaCoordinate(schema, coordinate);
  const fields = describeFields(operation, schema);
  const hasBody = method === 'POST' || method === 'PATCH';
  const isInPath = (field: Field) => path.includes(`:${field.name}`);
  const parameters = fields
    .filter((field) => !hasBody || isInPath(field))
    .map((field) => ({ ...field, in: isInPath(field) ? 'path' : 'query', explode: false }));
  const key = fields.find((field) => field.name === 'idempotencyKey');
  const header = key ? [{ ...key, schema: text, name: 'Idempotency-Key', in: 'header' }] : [];
  const bodyFields = fields.filter((field) => !isInPath(field));
  const properties = bodyFields.map(({ name: field, required, description, schema: value }) => {
    return [field, { ...(required ? value : orNull(value)), description }];
  });
  const body = {
    type: 'object',
    properties: Object.fromEntries(properties),
    required: bodyFields.filter(({ required }) => required).map((field) => field.name),
  };
  return {
    operationId: name,
    summary: resolved?.kind === 'Field' ? resolved.field.description : undefined,
    parameters: [...parameters, ...header],
    // Generators pick one type, and send the body without it where there are more.
    ...(hasBody && { requestBody: { required: true, content: { [mediaTypes.json]: { schema: body } } } }),
    responses: describeResponses(operation),
  };
}

function describeResponses({ method, path, entity, isList = false }: Operation): object {
  const failure = { content: { [mediaTypes.json]: { schema: reference('Failure') } } };
  const content = {
    [mediaTypes.json]: { schema: reference(isList ? `${entity.type}List` : entity.type) },
    [mediaTypes.csv]: { schema: text },
    [mediaTypes.jsonl]: { schema: text },
  };
  return {
    ...(method === 'DELETE' ? { 204: { description: 'It was deleted.' } } : { 200: { description: 'OK', content } }),
    ...(path.includes(':') && { 404: { description: 'Nothing has this ID.', ...failure } }),
    '4XX': { description: 'The request was refused: why, in JSON whatever format was asked for.', ...failure },
    '5XX': { description: 'The server failed. With 503, try again after the seconds in Retry-After.', ...failure },
  };
}

function describeFields(operation: Operation, schema: graphql.GraphQLSchema): Field[] {
  const { fields, descriptions = {}, words = {}, flags = {} } = operation;
  const variables = Object.entries(fields).map(([name, coordinate]) => {
    const input = findInput(schema, coordinate);
    const description = descriptions[name] ?? input.description ?? '';
    return {
      name,
      description,
      required: graphql.isRequiredArgument(input),
      schema: jsonSchema(input.type, words[name]),
    };
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

const formats = new Map([
  ['ID', 'uuid'],
  ['DateTime', 'date-time'],
]);

function jsonSchema(type: graphql.GraphQLType, words?: Record<string, string>): JsonSchema {
  const nullable = graphql.getNullableType(type);
  if (graphql.isListType(nullable)) return { type: 'array', items: jsonSchema(nullable.ofType) };
  if (words) return { type: 'string', enum: Object.keys(words) };
  const format = formats.get(String(nullable));
  return { type: String(nullable) === 'Int' ? 'integer' : 'string', ...(format && { format }) };
}

function orNull(schema: JsonSchema): object {
  return { ...schema, type: [schema.type, 'null'] };
}
