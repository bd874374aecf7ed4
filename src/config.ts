import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { parseDatabaseUrl } from './database/postgres/database-url.ts';
import { messageOf, StartupError } from './errors.ts';
import { readManifest } from './graphql/documents/manifest.ts';

const onOrOff = z.enum(['on', 'off'], 'must be on or off').transform((value) => value === 'on');

const wholeNumber = (minimum: number, maximum: number) =>
  z
    .string()
    .refine((text) => /^\d+$/.test(text) && Number(text) >= minimum && Number(text) <= maximum, {
      error: `must be a whole number from ${minimum} to ${maximum}`,
    })
    .transform(Number);

const databaseUrl = z.string().superRefine((url, context) => {
  try {
    parseDatabaseUrl(url);
  } catch (error) {
    context.addIssue(messageOf(error));
  }
});
/** The path of a manifest becomes its documents. */
const manifest = z.string().transform((path, context) => {
  try {
    return readManifest(path);
  } catch (error) {
    context.addIssue(`cannot be read: ${messageOf(error)}`);
    return z.NEVER;
  }
});
const isOrigin = (text: string) => URL.canParse(text) && new URL(text).origin === text;

const secret = z
  .string()
  .refine((text) => Buffer.byteLength(text) >= 32, 'must have at least 32 bytes: try openssl rand -hex 32')
  .optional();

const variables = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: wholeNumber(0, 65_535).default(4000),
  DATABASE_URL: databaseUrl.optional(),
  DATABASE_POOL_SIZE: wholeNumber(1, 1000).default(10),
  DATABASE_TIMEOUT_MS: wholeNumber(100, 600_000).default(5000),
  DATABASE_PREPARE: onOrOff.default(true),
  DATA_DIR: z.string().default('.data'),
  AUTH_SECRET: secret,
  AUTH_SECRET_PREVIOUS: secret,
  AUTH_JWKS_URL: z
    .url({ protocol: /^https?$/, error: 'must be a URL such as https://id.example.com/jwks' })
    .refine((url) => !/\/\/[^/?#]*@/.test(url), 'must not hold a user or a password')
    .optional(),
  AUTH_ISSUER: z.string().optional(),
  AUTH_AUDIENCE: z.string().optional(),
  AUTH_ROLES_CLAIM: z.string().default('roles'),
  GRAPHIQL: onOrOff.optional(),
  CORS_ORIGINS: z
    .string()
    .transform((value) => value.split(',').map((origin) => origin.trim()))
    .refine(
      (origins) => origins.every(isOrigin),
      'must be origins such as https://app.example.com, separated by commas',
    )
    .default([]),
  RATE_LIMIT: wholeNumber(1, 1_000_000).optional(),
  // Leaves running requests some of the 10 seconds within which a process stops.
  SHUTDOWN_DELAY_MS: wholeNumber(0, 7000).optional(),
  IDEMPOTENCY_DAYS: wholeNumber(1, 36_500).default(30),
  METRICS_PORT: wholeNumber(0, 65_535).optional(),
  TRUSTED_DOCUMENTS: manifest.optional(),
  TRUSTED_DOCUMENTS_ONLY: onOrOff.default(false),
  LOG_LEVEL: z
    .enum(
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      'must be trace, debug, info, warn, error, fatal or silent',
    )
    .default('info'),
});

/** A fault between variables, reported beside those of single ones. */
const fault = (error: string) => ({ error, when: () => true });
/** An identity provider signs tokens for others too, so it must be said outright that one is not checked. */
const isRequired = (name: string, claim: string) =>
  fault(`${name} must be set with AUTH_JWKS_URL: to the "${claim}" of your tokens, or to * to accept any`);
const unlessAny = (value: string | undefined) => (value === '*' ? undefined : value);

const configuration = variables
  .refine(
    (is) => !(is.AUTH_SECRET && is.AUTH_JWKS_URL),
    fault('AUTH_SECRET and AUTH_JWKS_URL exclude each other: set one'),
  )
  .refine(
    (is) => !is.AUTH_SECRET_PREVIOUS || is.AUTH_SECRET,
    fault('AUTH_SECRET_PREVIOUS needs AUTH_SECRET: the secret that replaces it'),
  )
  .refine(
    (is) => !is.DATABASE_URL || is.AUTH_SECRET || is.AUTH_JWKS_URL,
    fault('DATABASE_URL needs AUTH_SECRET or AUTH_JWKS_URL'),
  )
  .refine((is) => !is.AUTH_JWKS_URL || is.AUTH_ISSUER, isRequired('AUTH_ISSUER', 'iss'))
  .refine((is) => !is.AUTH_JWKS_URL || is.AUTH_AUDIENCE, isRequired('AUTH_AUDIENCE', 'aud'))
  .refine(
    (is) => !is.TRUSTED_DOCUMENTS_ONLY || is.TRUSTED_DOCUMENTS,
    fault('TRUSTED_DOCUMENTS_ONLY=on needs TRUSTED_DOCUMENTS: the path of a manifest'),
  )
  .refine(
    (is) => !is.TRUSTED_DOCUMENTS_ONLY || !is.GRAPHIQL,
    fault('GRAPHIQL=on and TRUSTED_DOCUMENTS_ONLY=on exclude each other: what people write there is not trusted'),
  )
  .transform((is) => ({
    ...is,
    AUTH_ISSUER: unlessAny(is.AUTH_ISSUER),
    AUTH_AUDIENCE: unlessAny(is.AUTH_AUDIENCE),
    GRAPHIQL: is.GRAPHIQL ?? (is.DATABASE_URL === undefined && !is.TRUSTED_DOCUMENTS_ONLY),
    SHUTDOWN_DELAY_MS: is.SHUTDOWN_DELAY_MS ?? (is.DATABASE_URL === undefined ? 0 : 3000),
  }));

/** The variables of the process, under their own names, checked and with their defaults. */
export type Config = z.output<typeof configuration>;

type Environment = Record<string, string | undefined>;

/**
 * Reads the configuration of the server. Each variable may be given as NAME_FILE too, the path of a file with its value.
 * @throws StartupError that names every fault at once
 */
export function loadConfig(environment: Environment): Config {
  return load(configuration, Object.keys(variables.shape), environment);
}

/** @throws StartupError for any parameter: the server has variables instead */
export function refuseParameters([first]: string[]): void {
  if (first === undefined) return;
  throw new StartupError(
    `The server takes no ${first}, nor any other parameter. Set environment variables, such as PORT. They are:
  ${Object.keys(variables.shape).join('\n  ')}
src/server/README.md says what each is for.`,
  );
}

/**
 * Reads DATABASE_URL alone, for a command that needs no more.
 * @throws StartupError
 */
export function loadDatabaseUrl(environment: Environment): string | undefined {
  return load(variables.pick({ DATABASE_URL: true }), ['DATABASE_URL'], environment).DATABASE_URL;
}

function load<Schema extends z.ZodType>(schema: Schema, names: string[], environment: Environment): z.output<Schema> {
  const faults: string[] = [];
  const values = Object.fromEntries(names.map((name) => [name, readValue(name, environment, faults)]));
  const result = schema.safeParse(values);
  if (result.success && faults.length === 0) return result.data;
  for (const { path, message } of result.error?.issues ?? []) faults.push([...path, message].join(' '));
  throw new StartupError(`The configuration has faults:\n${faults.map((text) => `  ${text}`).join('\n')}`);
}

/** An empty value counts as unset. */
function readValue(name: string, environment: Environment, faults: string[]): string | undefined {
  const { [name]: value, [`${name}_FILE`]: file } = environment;
  if (file && name === 'TRUSTED_DOCUMENTS')
    faults.push('TRUSTED_DOCUMENTS_FILE is not known: TRUSTED_DOCUMENTS is a path already');
  if (!file || name === 'TRUSTED_DOCUMENTS') return value || undefined;
  if (value) faults.push(`${name} and ${name}_FILE exclude each other: set one`);
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '') || undefined;
  } catch (error) {
    faults.push(`${name}_FILE cannot be read: ${messageOf(error)}`);
    return undefined;
  }
}
