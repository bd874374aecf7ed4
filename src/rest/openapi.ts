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
  const document = createOpenApi(schema);
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
    schemas[`${type}List`] = objectOf({ items: arrayOf(reference(type)), ...totals }, ['items', 'hasMorePages']);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'AI Sessions',
      version: '1',
      license: { name: 'MIT', identifier: 'MIT' },
      description: `AI sessions and accounts over REST. Responses are JSON. For CSV or JSON Lines, add \`.csv\` or \
\`.jsonl\` to the path, as in \`/ai/sessions.csv\`. Every operation is also at \`POST /api/{Operation}\` and \
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
const boolean = { type: 'boolean' };
const arrayOf = (items: object) => ({ type: 'array', items });
const objectOf = (properties: object, required?: string[]) => ({ type: 'object', properties, required });
const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` });
// With several media types, code generators mix their types, or send bodies without one.
const json = (schema: object) => ({ content: { [mediaTypes.json]: { schema } } });

const error = objectOf({ errorCode: string, fieldName: string, message: string });
const responseStatus = { errorCode: string, message: string, errors: arrayOf(error) };
const Failure = objectOf({ responseStatus: objectOf(responseStatus, Object.keys(responseStatus)) }, ['responseStatus']);
const failure = json(reference('Failure'));
const totals = { totalCount: integer, totalPages: integer, hasMorePages: boolean };

/** Every response has all fields. Those that are nullable in the schema may be null. */
function describeEntity({ type, fields }: Entity, schema: Schema): object {
  const described = fields.map((name) => {
    const { description, type: fieldType } = findField(schema, `${type}.${name}`);
    return { name, description, required: graphql.isNonNullType(fieldType), schema: jsonSchema(fieldType) };
  });
  return { ...objectOf(describeProperties(described), fields), description: schema.getType(type)?.description };
}

function findField(schema: Schema, coordinate: string): graphql.GraphQLField<unknown, unknown> {
  const resolved = graphql.resolveSchemaCoordinate(schema, coordinate);
  if (resolved?.kind !== 'Field') throw new Error(`the schema has no field ${coordinate}`);
  return resolved.field;
}

function describeOperation(operation: Operation, schema: Schema): object {
  const { name, method, path, coordinate, summary } = operation;
  const { args, description } = findField(schema, coordinate);
  const fields = describeFields(operation, args);
  const pathFields = fields.filter((field) => path.includes(`:${field.name}`));
  const otherFields = fields.filter((field) => !pathFields.includes(field));
  const keys = fields.filter((field) => field.name === 'idempotencyKey');
  const required = otherFields.filter((field) => field.required).map((field) => field.name);
  const body = json(objectOf(describeProperties(otherFields), required));
  return {
    operationId: name,
    summary: summary ?? description,
    parameters: [
      ...pathFields.map((field) => ({ ...field, in: 'path', explode: false })),
      ...(hasBody(method) ? [] : otherFields).map((field) => ({ ...field, in: 'query', explode: false })),
      ...keys.map((field) => ({ ...field, in: 'header', name: 'Idempotency-Key' })),
    ],
    ...(hasBody(method) && { requestBody: { required: true, ...body } }),
    responses: describeResponses(operation),
  };
}

function describeResponses({ method, path, entity, returns, fields }: Operation): object {
  const result = { description: 'OK', ...json(reference(returns === 'list' ? `${entity.type}List` : entity.type)) };
  const failures = {
    400: 'The input is at fault.',
    401: 'The request has no token, or one that is not valid.',
    403: 'The user does not have the role.',
    ...(path.includes(':') && { 404: 'No object has this ID.' }),
    ...('idempotencyKey' in fields && { 409: 'The key was used for other input.' }),
    ...(hasBody(method) && { 413: 'The body is too large.', 415: 'The body has a media type that is not supported.' }),
    429: 'The user sends too many requests: try again after the seconds in Retry-After.',
    500: 'The server failed: report the X-Request-Id of the response.',
    503: 'The server is busy: try again after the seconds in Retry-After.',
  };
  const refused = Object.entries(failures).map(([status, description]) => [status, { description, ...failure }]);
  const success = returns === 'nothing' ? { 204: { description: 'It was deleted.' } } : { 200: result };
  return { ...success, ...Object.fromEntries(refused) };
}

function describeFields({ fields }: Operation, args: readonly graphql.GraphQLArgument[]) {
  const inputs = args.flatMap((argument) => {
    const type = graphql.getNullableType(argument.type);
    return graphql.isInputObjectType(type) ? Object.values(type.getFields()) : [argument];
  });
  return Object.entries(fields).map(([name, field]) => {
    const input = inputs.find((candidate) => candidate.name === (field.input ?? name));
    const description = field.description ?? input?.description;
    const required = input !== undefined && graphql.isRequiredArgument(input);
    return { name, description, required, schema: input ? jsonSchema(input.type, field.words) : boolean };
  });
}

function describeProperties(fields: ReturnType<typeof describeFields>): object {
  const properties = fields.map(({ name, description, required, schema }) => {
    return [name, { ...schema, type: required ? schema.type : [schema.type, 'null'], description }];
  });
  return Object.fromEntries(properties);
}

const formats = new Map(Object.entries({ ID: 'uuid', DateTime: 'date-time' }));

function jsonSchema(type: graphql.GraphQLType, words?: object): JsonSchema {
  const nullable = graphql.getNullableType(type);
  if (graphql.isListType(nullable)) return { type: 'array', items: jsonSchema(nullable.ofType) };
  if (words) return { type: 'string', enum: Object.keys(words) };
  const format = formats.get(String(nullable));
  return { type: String(nullable) === 'Int' ? 'integer' : 'string', ...(format && { format }) };
}
