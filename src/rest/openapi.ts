import * as graphql from 'graphql';
import type { SignIn } from '../context.ts';
import { createHandler } from './handler.ts';
import { operations, type Entity, type Operation } from './operations.ts';
import { hasBody } from './request.ts';
import { mediaTypes, writeJson } from './response.ts';

type Schema = graphql.GraphQLSchema;

type JsonSchema = Record<string, unknown> & { type: string };

/** Makes the handler of /openapi.json. The document reveals as much as introspection does. */
export function createOpenApiHandler(schema: Schema, signIn: SignIn, isOpen: boolean) {
  const document = JSON.stringify(createOpenApi(schema));
  return createHandler(signIn, isOpen, async (_request, response, context) => {
    context.admit();
    writeJson(response, 200, document);
  });
}

/** Describes the REST API in OpenAPI 3.1, with the descriptions of the schema. */
function createOpenApi(schema: Schema): object {
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

const string = { type: 'string' };
const integer = { type: 'integer' };
const arrayOf = (items: object) => ({ type: 'array', items });
const objectOf = (properties: object, required?: string[]) => ({ type: 'object', properties, required });
const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` });

const error = objectOf({ errorCode: string, fieldName: string, message: string });
const responseStatus = { errorCode: string, message: string, errors: arrayOf(error) };
const Failure = objectOf({ responseStatus: objectOf(responseStatus, Object.keys(responseStatus)) }, ['responseStatus']);

function describeList(type: string): object {
  const totals = { totalCount: integer, totalPages: integer, hasMorePages: { type: 'boolean' } };
  return objectOf({ items: arrayOf(reference(type)), ...totals }, ['items', 'hasMorePages']);
}

/** Every response has all fields. Those that are nullable in the schema may be null. */
function describeEntity({ type, fields }: Entity, schema: Schema): object {
  const objectType = graphql.assertObjectType(schema.getType(type));
  const properties = fields.map((name) => {
    const field = objectType.getFields()[name];
    if (!field) throw new Error(`${type} has no field ${name}`);
    return [name, describeProperty(field.description, jsonSchema(field.type), graphql.isNonNullType(field.type))];
  });
  return { ...objectOf(Object.fromEntries(properties), fields), description: objectType.description };
}

function describeProperty(description: string | null | undefined, value: JsonSchema, isNeverNull: boolean): object {
  return { ...value, type: isNeverNull ? value.type : [value.type, 'null'], description };
}

function describeOperation(operation: Operation, schema: Schema): object {
  const { name, method, path, coordinate } = operation;
  const resolved = graphql.resolveSchemaCoordinate(schema, coordinate);
  if (resolved?.kind !== 'Field') throw new Error(`the schema has no field ${coordinate}`);
  const fields = describeFields(operation, resolved.field);
  const pathFields = fields.filter((field) => path.includes(`:${field.name}`));
  const otherFields = fields.filter((field) => !pathFields.includes(field));
  const queryFields = hasBody(method) ? [] : otherFields;
  const keys = fields.filter((field) => field.name === 'idempotencyKey');
  const properties = otherFields.map((field) => {
    return [field.name, describeProperty(field.description, field.schema, field.required)];
  });
  const required = otherFields.filter((field) => field.required).map((field) => field.name);
  const body = objectOf(Object.fromEntries(properties), required);
  return {
    operationId: name,
    summary: resolved.field.description,
    parameters: [
      ...pathFields.map((field) => ({ ...field, in: 'path', explode: false })),
      ...queryFields.map((field) => ({ ...field, in: 'query', explode: false })),
      ...keys.map((field) => ({ ...field, in: 'header', name: 'Idempotency-Key' })),
    ],
    // With several media types, code generators pick one but send bodies without their type.
    ...(hasBody(method) && { requestBody: { required: true, content: { [mediaTypes.json]: { schema: body } } } }),
    responses: describeResponses(operation),
  };
}

function describeResponses({ path, entity, returns }: Operation): object {
  const failure = { content: { [mediaTypes.json]: { schema: reference('Failure') } } };
  const content = {
    [mediaTypes.json]: { schema: reference(returns === 'list' ? `${entity.type}List` : entity.type) },
    [mediaTypes.csv]: { schema: string },
    [mediaTypes.jsonl]: { schema: string },
  };
  return {
    ...(returns === 'nothing' ? { 204: { description: 'It was deleted.' } } : { 200: { description: 'OK', content } }),
    ...(path.includes(':') && { 404: { description: 'No object has this ID.', ...failure } }),
    '4XX': { description: 'The request was refused. The reason is in JSON, whatever the format.', ...failure },
    '5XX': { description: 'The server failed. With 503, try again after the seconds in Retry-After.', ...failure },
  };
}

function describeFields(operation: Operation, { args }: graphql.GraphQLField<unknown, unknown>) {
  const { fields, descriptions, enumAliases, flags } = operation;
  const inputs = args.flatMap((argument) => {
    const type = graphql.getNullableType(argument.type);
    return graphql.isInputObjectType(type) ? Object.values(type.getFields()) : [argument];
  });
  const variables = Object.entries(fields).map(([name, inputName]) => {
    const input = inputs.find((candidate) => candidate.name === inputName);
    if (!input) throw new Error(`${operation.coordinate} has no input ${inputName}`);
    const description = descriptions?.[name] ?? input.description ?? '';
    const required = graphql.isRequiredArgument(input);
    return { name, description, required, schema: jsonSchema(input.type, enumAliases?.[name]) };
  });
  const switches = Object.entries(flags ?? {}).map(([name, description]) => {
    return { name, description, required: false, schema: { type: 'boolean' } };
  });
  return [...variables, ...switches];
}

const formats = new Map(Object.entries({ ID: 'uuid', DateTime: 'date-time' }));

function jsonSchema(type: graphql.GraphQLType, enumAliases?: Record<string, string>): JsonSchema {
  const nullable = graphql.getNullableType(type);
  if (graphql.isListType(nullable)) return { type: 'array', items: jsonSchema(nullable.ofType) };
  if (enumAliases) return { type: 'string', enum: Object.keys(enumAliases) };
  const format = formats.get(String(nullable));
  return { type: String(nullable) === 'Int' ? 'integer' : 'string', ...(format && { format }) };
}
