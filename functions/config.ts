/** Configuration: the environment and pipeline.yaml, checked as a whole, with every problem named at once. */

import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import * as z from 'zod';
import {
  addressProblem,
  type ResolvedReceiver,
  receiverOptions,
  secretRef,
  unusableSecrets,
} from './adapters/receivers/options.ts';
import type { HeartbeatOptions } from './core/heartbeat-options.ts';
import { linkOptions } from './core/link-options.ts';
import { receiversOf, routeOptions } from './escalate/route.ts';
import { enrichOptions } from './ingest/enrich/options.ts';
import { dedupeOptions, escalateOptions, severityOptions } from './ingest/judge.ts';

/** The schema of pipeline.yaml. docs/pipeline.schema.json is generated from it. */
export const pipelineOptions = z.strictObject({
  ...enrichOptions.shape,
  dedupe: dedupeOptions.prefault({}),
  redact: z.strictObject({ loki: z.boolean().default(true), receivers: z.boolean().default(true) }).prefault({}),
  severity: severityOptions.default([]),
  escalate: escalateOptions.prefault({ match: ['priority=~"Emergency|Alert|Critical"'] }),
  route: routeOptions.optional(),
  receivers: z.array(receiverOptions).default([]),
  links: linkOptions.prefault({}),
  /** A dead-man's switch outside, told by every sweep that did its work. */
  heartbeat: z.strictObject({ url: secretRef, allow_private: z.boolean().default(false) }).optional(),
});

export type Pipeline = z.output<typeof pipelineOptions>;

/** A secret that was written with `echo` ends in a line break, which no header and no address can hold. */
const empty = (text: string | undefined): string | undefined => text?.trim() || undefined;
const setting = z.string().optional().transform(empty);
const topic = (name: string) =>
  z
    .string()
    .optional()
    .transform((text) => empty(text) ?? name);

/** The schema of the environment. An empty variable counts as unset. */
const environmentOptions = z
  .object({
    PIPELINE: setting,
    STORE_URL: setting,
    LOKI_URL: setting.pipe(z.url({ protocol: /^https?$/, error: 'not an http(s) address' }).optional()),
    LOKI_TENANT: setting,
    LOKI_USERNAME: setting,
    LOKI_PASSWORD: setting,
    LOKI_BEARER_TOKEN: setting,
    GOOGLE_CLOUD_PROJECT: setting,
    GKE_API_ENDPOINT: setting,
    TOPIC_ESCALATIONS: topic('escalations'),
    TOPIC_NOTIFICATIONS: topic('notifications'),
    TOPIC_RETRY: topic('falco-retry'),
    TOPIC_DEAD_LETTER: topic('falco-dead-letter'),
    REDACTION_KEY: setting,
    MAX_EVENTS_IN_FLIGHT: z.coerce.number().int().min(1).max(100_000).default(2_000),
    MAX_BYTES_IN_FLIGHT: z.coerce.number().int().min(1_000_000).default(64_000_000),
  })
  .superRefine((env, context) => {
    const problem = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (env.LOKI_BEARER_TOKEN && env.LOKI_USERNAME) problem('LOKI_BEARER_TOKEN', 'set this or LOKI_USERNAME, not both');
    if (env.LOKI_USERNAME && !env.LOKI_PASSWORD) problem('LOKI_PASSWORD', 'is needed with LOKI_USERNAME');
    if (env.LOKI_PASSWORD && !env.LOKI_USERNAME) problem('LOKI_USERNAME', 'is needed with LOKI_PASSWORD');
  });

export type Environment = z.output<typeof environmentOptions>;

export interface Config {
  env: Environment;
  pipeline: Pipeline;
  /** With their secrets in place: for the adapters, never for a log. */
  receivers: readonly ResolvedReceiver[];
  /** Likewise. */
  heartbeat?: HeartbeatOptions | undefined;
}

/** Names every problem, a line each: where and why. Holds no secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`the configuration has ${problems.length} problem(s):\n${problems.map((each) => `  - ${each}`).join('\n')}`);
    this.problems = problems;
  }
}

/** What is parsed once is not worth compiling a parser for: that would cost each cold start ten milliseconds. */
const ONCE = { jitless: true } as const;

/** @throws ConfigError with every problem of the environment, of pipeline.yaml and of the secrets it names. */
export function loadConfig(variables: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = [];
  const env = environmentOptions.safeParse(variables, ONCE);
  if (!env.success) problems.push(...issuesOf(env.error, ''));
  const pipeline = readPipeline(variables.PIPELINE, problems);
  // With `{ env }` and `{ file }` replaced, the options have the shapes that the adapters take.
  const receivers = resolveSecrets(pipeline?.receivers, variables, 'pipeline.receivers', problems);
  const heartbeat = resolveSecrets(pipeline?.heartbeat, variables, 'pipeline.heartbeat', problems);
  if (!env.success || !pipeline || problems.length > 0) throw new ConfigError(problems);
  const resolved = receivers as ResolvedReceiver[];
  const beating = heartbeat as HeartbeatOptions | undefined;
  const unusable = resolved.flatMap(unusableSecrets).map((problem) => `pipeline.receivers.${problem}`);
  if (beating && addressProblem(beating)) unusable.push('pipeline.heartbeat.url: not an https address');
  if (unusable.length > 0) throw new ConfigError(unusable);
  return { env: env.data, pipeline, receivers: resolved, ...(beating && { heartbeat: beating }) };
}

/** Checks a pipeline.yaml's text alone, without the secrets it names; problems are appended. */
export function parsePipeline(text: string, problems: string[]): Pipeline | undefined {
  const document = parseDocument(text, { uniqueKeys: true, strict: true });
  if (document.errors.length > 0) {
    problems.push(
      ...document.errors.map(
        ({ message, linePos }) => `pipeline line ${linePos?.[0].line ?? 1}: ${firstLine(message)}`,
      ),
    );
    return undefined;
  }
  let content: unknown;
  try {
    // maxAliasCount bounds what a few bytes of aliases can grow to.
    content = document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (error) {
    problems.push(`pipeline: ${firstLine((error as Error).message)}`);
    return undefined;
  }
  const parsed = pipelineOptions.safeParse(content, ONCE);
  if (!parsed.success) {
    problems.push(...issuesOf(parsed.error, 'pipeline'));
    return undefined;
  }
  problems.push(...contradictions(parsed.data));
  return parsed.data;
}

function readPipeline(path: string | undefined, problems: string[]): Pipeline | undefined {
  if (!path) return parsePipeline('', problems);
  try {
    return parsePipeline(readFileSync(path, 'utf8'), problems);
  } catch (error) {
    problems.push(`PIPELINE: ${path} can't be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
    return undefined;
  }
}

/** What no single field can know to be wrong. */
function contradictions({ receivers, route }: Pipeline): string[] {
  const found: string[] = [];
  const names = receivers.map(({ name }) => name);
  for (const name of new Set(names.filter((each, index) => names.indexOf(each) !== index))) {
    found.push(`pipeline.receivers: two receivers are named "${name}"`);
  }
  for (const name of route ? receiversOf(route) : []) {
    if (!names.includes(name)) found.push(`pipeline.route: there is no receiver "${name}"`);
  }
  for (const { name, fallback } of receivers) {
    if (fallback === undefined) continue;
    if (!names.includes(fallback))
      found.push(`pipeline.receivers.${name}: there is no receiver "${fallback}" to fall back to`);
    if (fallback === name) found.push(`pipeline.receivers.${name}: a receiver can't be its own fallback`);
  }
  if (receivers.length > 0 && route?.receiver === undefined) {
    found.push('pipeline.route.receiver: name the receiver of what no other route takes');
  }
  return found;
}

/** Puts each secret in the place of `{ env: NAME }` or `{ file: PATH }`. */
function resolveSecrets(
  value: unknown,
  variables: Readonly<Record<string, string | undefined>>,
  path: string,
  problems: string[],
): unknown {
  if (Array.isArray(value))
    return value.map((each, index) => resolveSecrets(each, variables, `${path}.${index}`, problems));
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const entries = Object.entries(value);
  const [only] = entries;
  if (entries.length === 1 && only && typeof only[1] === 'string' && (only[0] === 'env' || only[0] === 'file')) {
    return secret(only[0], only[1], variables, path, problems);
  }
  return Object.fromEntries(
    entries.map(([name, each]) => [name, resolveSecrets(each, variables, `${path}.${name}`, problems)]),
  );
}

function secret(
  from: 'env' | 'file',
  name: string,
  variables: Readonly<Record<string, string | undefined>>,
  path: string,
  problems: string[],
): string {
  let found: string | undefined;
  try {
    found = (from === 'env' ? variables[name] : readFileSync(name, 'utf8'))?.trim();
  } catch {
    found = undefined;
  }
  if (!found)
    problems.push(`${path}: the secret ${from === 'env' ? `variable ${name}` : `file ${name}`} is missing or empty`);
  return found ?? '';
}

function issuesOf(error: z.ZodError, root: string): string[] {
  return error.issues.map(
    ({ path, message }) => `${[root, ...path].filter((part) => part !== '').join('.')}: ${message}`,
  );
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
