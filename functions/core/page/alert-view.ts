/** The alert as people see it: what the escalations topic carries and an incident keeps. Bounded, and never with more of the event than a page needs. */

import * as z from 'zod';
import type { Context, FalcoEvent } from '../event/alert.ts';
import { type Facts, factsOf, fieldText } from '../match/facts.ts';
import type { Mute } from '../mute/mute.ts';
import { bounded } from '../plain.ts';
import { PRIORITIES, type Priority } from '../priority.ts';
import type { AlertView } from './notification.ts';

const MAX_OUTPUT = 2_048;
const MAX_FIELD = 512;
const MAX_FIELDS = 64;
const MAX_TAGS = 32;
const MAX_LABELS = 64;

/** What a page may show comes first; the others are for matchers of routes. */
const SHOWN_FIELD = /^(?:proc|fd|user|group|ka|evt\.arg|evt\.type|evt\.args|container|jevt|thread)(?:\.|$|\[)/;
/** Falco puts a node-local time and the priority in front of every output. */
const OUTPUT_PREFIX = /^\d{2}:\d{2}:\d{2}\.\d+: \w+ /;

export interface ViewOf {
  uuid: string;
  fingerprint: string;
  event: FalcoEvent;
  context: Context;
  /** Effective severity. */
  priority: Priority;
  severityReason?: string | undefined;
}

/** Builds the view from an event that was redacted as far as receivers are to see it. */
export function viewOf({ uuid, fingerprint, event, context, priority, severityReason }: ViewOf): AlertView {
  return {
    uuid,
    fingerprint,
    rule: cut(event.rule, 256),
    priority,
    falcoPriority: event.priority,
    ...(severityReason && { severityReason: cut(severityReason, 256) }),
    source: cut(event.source, 64),
    time: event.time,
    timeNs: String(event.timeNs),
    hostname: cut(event.hostname, 256),
    tags: event.tags.slice(0, MAX_TAGS).map((tag) => cut(tag, 64)),
    output: cut(event.output.replace(OUTPUT_PREFIX, ''), MAX_OUTPUT),
    fields: shownFields(event),
    where: {
      cluster: context.cluster,
      environment: context.environment,
      clusterMismatch: context.clusterMismatch || undefined,
      namespace: context.namespace,
      pod: context.pod,
      container: context.container,
      image: context.image,
      imageTag: context.imageTag,
      imageDigest: context.imageDigest,
      node: context.node,
      nodePool: context.nodePool,
      zone: context.zone,
      machineType: context.machineType,
      clusterStatus: context.clusterStatus,
      workload: context.workload,
      derivedWorkload: context.derivedWorkload,
      serviceAccount: context.serviceAccount,
      team: context.team,
      namespaceLabels: boundedLabels(context.namespaceLabels),
      podLabels: boundedLabels(context.podLabels),
      enrichment: context.enrichment,
    },
  };
}

function shownFields(event: FalcoEvent): Record<string, string> {
  const shown: [string, string][] = [];
  const { first = [], others = [] } = Object.groupBy(Object.keys(event.fields), (name) =>
    SHOWN_FIELD.test(name) ? 'first' : 'others',
  );
  for (const name of [...first, ...others]) {
    if (shown.length === MAX_FIELDS) break;
    const text = fieldText(event.fields[name]);
    if (text === '') continue;
    shown.push([cut(name, 128), cut(text, MAX_FIELD)]);
  }
  return Object.fromEntries(shown);
}

function boundedLabels(labels: Context['podLabels']): Record<string, string> | undefined {
  if (!labels) return undefined;
  return Object.fromEntries(Object.entries(labels).slice(0, MAX_LABELS));
}

/** Keeps both ends: the end of a command or a path is often what matters. */
function cut(text: string, limit: number): string {
  return bounded(text, limit, 'both');
}

const text = z.string().max(4_096);
const optional = text.optional();
const mute: z.ZodType<Mute> = z.object({ id: text, kind: z.enum(['silence', 'exception']), reason: text, owner: text });

/** What escalate accepts from its topic: the same shape, checked again, because a topic may have other publishers. */
export const alertView: z.ZodType<AlertView> = z.object({
  uuid: text.min(1),
  fingerprint: text,
  rule: text.min(1),
  priority: z.enum(PRIORITIES),
  falcoPriority: z.enum(PRIORITIES),
  severityReason: optional,
  muted: mute.optional(),
  shadows: z.array(mute).max(100).optional(),
  silent: optional,
  source: text,
  time: text,
  // A node whose clock is wrong pages all the same: years 0000 to 9999.
  timeNs: z.string().regex(/^-?\d{1,21}$/),
  hostname: text,
  tags: z.array(text).max(MAX_TAGS),
  output: text,
  fields: z.record(text, text),
  where: z.object({
    cluster: z.object({ project: text, location: text, name: text }).optional(),
    environment: optional,
    clusterMismatch: z.boolean().optional(),
    namespace: optional,
    pod: optional,
    container: optional,
    image: optional,
    imageTag: optional,
    imageDigest: optional,
    node: optional,
    nodePool: optional,
    zone: optional,
    machineType: optional,
    clusterStatus: z.enum(['listed', 'unlisted', 'absent', 'invalid']).optional(),
    workload: z.object({ kind: text, name: text }).optional(),
    derivedWorkload: optional,
    serviceAccount: optional,
    team: optional,
    namespaceLabels: z.record(text, text).optional(),
    podLabels: z.record(text, text).optional(),
    enrichment: z.enum(['full', 'partial', 'none']).optional(),
  }),
});

/** What matchers may ask of an escalated alert: the same names as of an event. */
export function factsOfView(view: AlertView): Facts {
  const { where, fields, rule, output, source, tags, hostname, time } = view;
  const event: FalcoEvent = {
    uuid: view.uuid,
    rule,
    output,
    source,
    tags,
    hostname,
    time,
    timeNs: BigInt(view.timeNs),
    priority: view.falcoPriority,
    fields,
  };
  const known = Object.fromEntries(
    Object.entries(where).filter(([, value]) => value !== undefined),
  ) as Partial<Context>;
  const context: Context = {
    ...known,
    clusterStatus: where.clusterStatus ?? (where.cluster ? 'listed' : 'absent'),
    clusterMismatch: where.clusterMismatch ?? false,
    enrichment: where.enrichment ?? 'none',
    enrichmentReasons: [],
  };
  return factsOf(event, context, view.priority);
}
