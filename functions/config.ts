/** Configuration: the environment and pipeline.yaml, checked as a whole, with every problem named at once. */

import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import * as z from 'zod';
import {
  addressProblem,
  type ResolvedReceiver,
  receiverOptions,
  unusableSecrets,
} from './adapters/receivers/options.ts';
import { type CallbackOptions, callbackOptions, unusableSigningSecrets } from './callback/options.ts';
import { digestOptions } from './core/digest-options.ts';
import { type HeartbeatOptions, heartbeatOptions } from './core/heartbeat-options.ts';
import { stormOptions } from './core/incident/storm-options.ts';
import { exceptionOptions, silenceOptions } from './core/mute/mute.ts';
import { linkOptions } from './core/page/link-options.ts';
import { watchOptions } from './core/watch/watch-options.ts';
import { receiversOf, routeOptions } from './escalate/route.ts';
import { enrichOptions } from './ingest/enrich/options.ts';
import { dedupeOptions, escalateOptions } from './ingest/judge.ts';
import { severityOptions } from './ingest/severity.ts';

/** The schema of pipeline.yaml. docs/pipeline.schema.json is generated from it. */
export const pipelineOptions = z.strictObject({
  ...enrichOptions.shape,
  dedupe: dedupeOptions.prefault({}),
  redact: z.strictObject({ loki: z.boolean().default(true), receivers: z.boolean().default(true) }).prefault({}),
  severity: severityOptions.default([]),
  escalate: escalateOptions.prefault({ match: ['priority=~"Emergency|Alert|Critical"'] }),
  route: routeOptions.optional(),
  /** Past so many new incidents of one cluster within this time the further ones are one storm. */
  storm: stormOptions.prefault({}),
  silences: silenceOptions.default([]),
  exceptions: exceptionOptions.default([]),
  /** Who the button "Page on-call" rings; the first PagerDuty receiver, unless set. */
  oncall: z.string().optional(),
  /** Who hears of silences that begin and end; the chat receivers, unless set. */
  announce: z.array(z.string()).optional(),
  /** When they are told the day's digest; at 08:00 UTC where `announce` names somebody, unless set. */
  digest: digestOptions.optional(),
  receivers: z.array(receiverOptions).default([]),
  /** `observe`: incidents are opened, counted and logged, and nobody is told; for a first week. */
  mode: z.enum(['page', 'observe']).default('page'),
  links: linkOptions.prefault({}),
  nodes: watchOptions.prefault({}),
  /** A dead-man's switch outside, told by every sweep that did its work. */
  heartbeat: heartbeatOptions.optional(),
  callbacks: callbackOptions.optional(),
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
    MAX_BYTES_IN_FLIGHT: z.coerce.number().int().min(1_000_000).default(24_000_000),
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
  /** Likewise. */
  callbacks?: CallbackOptions | undefined;
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

/** Which function uses the secrets of which part. The others are not given them, and their places stay empty. */
const USED_BY = { receivers: 'notify', heartbeat: 'sweep', callbacks: 'callback' } as const;

/**
 * Of secrets only those of the function that this instance is (`FUNCTION_TARGET`, set by Cloud Functions) are needed; all of
 * them where it is not set, as in `npm start`.
 * @throws ConfigError with every problem of the environment, of pipeline.yaml and of the secrets it names.
 */
export function loadConfig(variables: Readonly<Record<string, string | undefined>>): Config {
  const { FUNCTION_TARGET: target } = variables;
  const uses = (part: keyof typeof USED_BY): boolean => !target || USED_BY[part] === target;
  const problems: string[] = [];
  const env = environmentOptions.safeParse(variables, ONCE);
  if (!env.success) problems.push(...issuesOf(env.error, ''));
  const pipeline = readPipeline(variables.PIPELINE, problems);
  // With `{ env }` and `{ file }` replaced, the options have the shapes that the adapters take.
  const resolved = (part: keyof typeof USED_BY): unknown =>
    resolveSecrets(pipeline?.[part], uses(part) ? variables : undefined, `pipeline.${part}`, problems);
  const receivers = resolved('receivers') as ResolvedReceiver[];
  const heartbeat = resolved('heartbeat') as HeartbeatOptions | undefined;
  const callbacks = resolved('callbacks') as CallbackOptions | undefined;
  if (!env.success || !pipeline || problems.length > 0) throw new ConfigError(problems);
  const unusable: string[] = [];
  if (uses('receivers')) {
    unusable.push(...receivers.flatMap(unusableSecrets).map((problem) => `pipeline.receivers.${problem}`));
  }
  if (uses('heartbeat') && heartbeat && addressProblem(heartbeat)) {
    unusable.push('pipeline.heartbeat.url: not an https address');
  }
  if (uses('callbacks') && callbacks) {
    unusable.push(...unusableSigningSecrets(callbacks).map((problem) => `pipeline.callbacks.${problem}`));
  }
  if (unusable.length > 0) throw new ConfigError(unusable);
  const optional = { ...(heartbeat && { heartbeat }), ...(callbacks && { callbacks }) };
  return { env: env.data, pipeline, receivers: receivers.map((each) => buttoned(each, callbacks)), ...optional };
}

/** A button is drawn where a press of it is taken. */
function buttoned({ slack, ...rest }: ResolvedReceiver, callbacks: CallbackOptions | undefined): ResolvedReceiver {
  return slack ? { ...rest, slack: { ...slack, buttons: slack.buttons ?? callbacks?.slack !== undefined } } : rest;
}

/** Checks a pipeline.yaml's text alone, without the secrets it names; problems are appended. */
export function parsePipeline(text: string, problems: string[]): Pipeline | undefined {
  const document = parseDocument(text, { uniqueKeys: true, strict: true, stringKeys: true });
  if (document.errors.length > 0) {
    problems.push(
      ...document.errors.map(({ code, message, linePos }) => {
        const said = code === 'NON_STRING_KEY' ? 'a list or an object where a name belongs' : firstLine(message);
        return `pipeline line ${linePos?.[0].line ?? 1}: ${said}`;
      }),
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
function contradictions({ receivers, route, announce, digest, oncall, exceptions }: Pipeline): string[] {
  const found: string[] = [];
  const names = receivers.map(({ name }) => name);
  for (const name of new Set(names.filter((each, index) => names.indexOf(each) !== index))) {
    found.push(`pipeline.receivers: two receivers are named "${name}"`);
  }
  for (const name of route ? receiversOf(route) : []) {
    if (!names.includes(name)) found.push(`pipeline.route: there is no receiver "${name}"`);
  }
  for (const name of announce ?? []) {
    if (!names.includes(name)) found.push(`pipeline.announce: there is no receiver "${name}"`);
  }
  const hearers = announce ?? receivers.filter((each) => each.slack ?? each['google-chat']);
  if (digest !== undefined && digest !== 'off' && hearers.length === 0) {
    found.push('pipeline.digest: nobody hears it, name receivers in announce');
  }
  if (oncall !== undefined && !names.includes(oncall)) found.push(`pipeline.oncall: there is no receiver "${oncall}"`);
  const exceptional = exceptions.map(({ name }) => name);
  for (const name of new Set(exceptional.filter((each, index) => exceptional.indexOf(each) !== index))) {
    found.push(`pipeline.exceptions: two exceptions are named "${name}"`);
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
  // As in Alertmanager: whatever a root did not match would reach nobody.
  if (route && route.match.length > 0) found.push('pipeline.route.match: the root takes everything, match below it');
  if (route?.continue) found.push('pipeline.route.continue: nothing comes after the root');
  return found;
}

/** Puts each secret in the place of `{ env: NAME }` or `{ file: PATH }`; nothing there where no variables are given. */
function resolveSecrets(
  value: unknown,
  variables: Readonly<Record<string, string | undefined>> | undefined,
  path: string,
  problems: string[],
): unknown {
  if (Array.isArray(value))
    return value.map((each, index) => resolveSecrets(each, variables, `${path}.${index}`, problems));
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const entries = Object.entries(value);
  const [only] = entries;
  if (entries.length === 1 && only && typeof only[1] === 'string' && (only[0] === 'env' || only[0] === 'file')) {
    if (!variables) return '';
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
