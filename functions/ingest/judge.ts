/** Judgement: how severe an event is here, whether it escalates, and what counts as the same thing again. */

import * as z from 'zod';
import { duration } from '../core/duration.ts';
import type { Context, FalcoEvent } from '../core/event/alert.ts';
import { type Fingerprint, fingerprintOf, isFingerprintField, overflowOf } from '../core/event/fingerprint.ts';
import { derivedWorkload } from '../core/event/workload.ts';
import { type Facts, factsOf } from '../core/match/facts.ts';
import { type Matcher, matchersSchema, matches } from '../core/match/matcher.ts';
import type { EventClaim } from '../core/ports.ts';
import type { Priority } from '../core/priority.ts';
import { saidBy, workloadSaid } from './enrich/said.ts';
import { severityOf, type severityOptions } from './severity.ts';

const WINDOW_MS = 10 * 60_000;
/** Every connection to the API server looks like the last one; a longer window says it once an hour. */
const API_SERVER_WINDOW_MS = 60 * 60_000;
/** What escalates is evidence: its first repeats are written too. */
const EVIDENCE_KEEP = 20;

/**
 * The longest window. The records of its events live for eight days: past those Firestore, which counts them, would count
 * too few, and a redelivery would count anew. And nobody waits for longer than a day to read how often something happened.
 */
const MOST_WINDOW = '24h';

/** Facts that only enrichment fills: as it comes and goes, the same thing would be counted in two windows. */
const ENRICHED =
  /^(?:team|workload_kind|node_pool|zone|machine_type|service_account|image_digest|cluster_status|cluster_mismatch|enrichment|(?:namespace|pod)_label_.*)$/s;

/** Matchers on what every event says of itself. */
const steadyMatchers = matchersSchema.superRefine((matchers, context) => {
  for (const { name } of matchers)
    if (ENRICHED.test(name))
      context.addIssue({
        code: 'custom',
        message: `"${name}" comes from enrichment, which may fail, and would split windows: dedupe asks for what the event itself says`,
      });
});

/** The schema of `dedupe` in pipeline.yaml. */
export const dedupeOptions = z.strictObject({
  window: duration(MOST_WINDOW).optional(),
  rules: z
    .array(
      z.strictObject({
        match: steadyMatchers,
        by: z
          .array(z.string().refine(isFingerprintField, 'not a field that a fingerprint can be made of'))
          .min(1)
          .optional(),
        window: duration(MOST_WINDOW).optional(),
        keep: z.int().min(0).max(1_000).optional(),
      }),
    )
    .default([]),
});

/** The schema of `escalate`. */
export const escalateOptions = z.strictObject({ match: matchersSchema });

export interface JudgeOptions {
  dedupe: z.output<typeof dedupeOptions>;
  severity: z.output<typeof severityOptions>;
  escalate: z.output<typeof escalateOptions>;
  /** The canary of `nodes` never escalates: its silence does. */
  nodes?: { canary_rule: string } | undefined;
}

export interface Judgement {
  priority: Priority;
  /** In words: 'as Falco says', or the override that decided. */
  severityReason: string;
  escalates: boolean;
  fingerprint: Fingerprint;
  windowMs: number;
  keep: number;
  overflow: EventClaim['overflow'];
}

export function judge(event: FalcoEvent, context: Context, options: JudgeOptions): Judgement {
  const facts = factsOf(event, context, event.priority);
  const severity = severityOf(event, facts, options.severity);
  const isCanary = event.rule === options.nodes?.canary_rule;
  const escalates = !isCanary && escalation(event, { ...severity, facts }, options.escalate.match);
  const rule = dedupeRuleFor(event, context, options.dedupe.rules);
  const fingerprint = fingerprintOf({ event, cluster: context.cluster }, rule?.by);
  const usual = fingerprint.family === 'api-server' ? API_SERVER_WINDOW_MS : (options.dedupe.window ?? WINDOW_MS);
  return {
    ...severity,
    escalates,
    fingerprint,
    windowMs: rule?.window ?? usual,
    keep: rule?.keep ?? (escalates ? EVIDENCE_KEEP : 0),
    overflow: overflowOf({ event, cluster: context.cluster }, fingerprint.fields),
  };
}

/** Windows and fingerprints come from the event alone, or enrichment that comes and goes would split them. */
function dedupeRuleFor(event: FalcoEvent, context: Context, rules: JudgeOptions['dedupe']['rules']) {
  if (rules.length === 0) return undefined;
  const facts = factsOf(event, { ...contextSaidBy(event), ...configured(context) }, event.priority);
  return rules.find(({ match }) => matches(match, facts) === 'yes');
}

/** What pipeline.yaml says of the cluster that the publisher claims: nobody is asked for it, so it does not come and go. */
function configured({ cluster, clusterStatus, environment }: Context): Partial<Context> {
  return { clusterStatus, ...(cluster && { cluster }), ...(environment && { environment }) };
}

/**
 * Where an event happened as far as it says so itself; what it does not say is not known. k8smeta's owners may come
 * late, so the workload is the one that fingerprints count, unless an audit event is about it.
 */
function contextSaidBy(event: FalcoEvent): Context {
  const said = saidBy(event, {}, []);
  const { namespace, pod, container, image, imageTag, node } = said;
  const workload = said.audit ? workloadSaid(said) : undefined;
  return {
    ...(namespace && { namespace }),
    ...(pod && { pod, derivedWorkload: derivedWorkload(pod) }),
    ...(container && { container }),
    ...(image && { image }),
    ...(imageTag && { imageTag }),
    ...(node && { node }),
    ...(workload && { workload }),
    clusterStatus: 'absent',
    clusterMismatch: false,
    enrichment: 'none',
    enrichmentReasons: [],
  };
}

function escalation(
  event: FalcoEvent,
  judged: { priority: Priority; facts: Facts },
  match: readonly Matcher[],
): boolean {
  // Falco's own events feed health, not the pager.
  if (event.source === 'internal' && event.rule.startsWith('Falco internal: ')) return false;
  const facts: Facts = (name) => (name === 'priority' ? judged.priority : judged.facts(name));
  return matches(match, facts) !== 'no';
}
