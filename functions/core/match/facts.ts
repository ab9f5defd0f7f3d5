/** What a matcher may ask of an alert, by name: what is known, what is known to be empty, and what is not known. */

import type { Context, FalcoEvent, FieldValue } from '../event/alert.ts';
import { familyOf } from '../event/family.ts';
import type { Priority } from '../priority.ts';

/** What is known of an alert: '' is known to be empty, undefined is not known. */
export type Facts = (name: string) => string | undefined;

interface Alert {
  event: FalcoEvent;
  context: Context;
  priority: Priority;
}

type Read = (alert: Alert) => string | undefined;

/** Every fact that is not a Falco field or a label. */
const FACTS: Readonly<Record<string, Read>> = {
  rule: ({ event }) => event.rule,
  /** Effective, once overrides were applied. */
  priority: ({ priority }) => priority,
  falco_priority: ({ event }) => event.priority,
  source: ({ event }) => event.source,
  family: ({ event }) => familyOf(event),
  hostname: ({ event }) => event.hostname,
  output: ({ event }) => event.output,
  /** Joined by commas in the order received. */
  tags: ({ event }) => event.tags.join(','),
  /** MITRE ATT&CK: the first of each. */
  technique: ({ event }) => event.tags.find((tag) => /^T\d{4}/.test(tag)) ?? '',
  tactic: ({ event }) => event.tags.find((tag) => tag.startsWith('mitre_'))?.slice('mitre_'.length) ?? '',
  /** Somewhere it did happen: a cluster that the publisher does not name is not known, rather than empty. */
  project: ({ context }) => context.cluster?.project,
  location: ({ context }) => context.cluster?.location,
  cluster: ({ context }) => context.cluster?.name,
  cluster_status: ({ context }) => context.clusterStatus,
  environment: ({ context }) => environmentOf(context),
  cluster_mismatch: ({ context }) => String(context.clusterMismatch),
  enrichment: ({ context }) => context.enrichment,
  namespace: (alert) => alert.context.namespace ?? ofContainer(alert),
  pod: (alert) => alert.context.pod ?? ofContainer(alert),
  workload: (alert) => alert.context.workload?.name ?? alert.context.derivedWorkload ?? ofContainer(alert),
  workload_kind: (alert) => alert.context.workload?.kind ?? enrichedInPod(alert),
  container: (alert) => alert.context.container ?? ofContainer(alert),
  image: (alert) => alert.context.image ?? ofContainer(alert),
  image_tag: (alert) => alert.context.imageTag ?? ofContainer(alert),
  image_digest: (alert) => alert.context.imageDigest ?? enrichedInPod(alert),
  service_account: (alert) => alert.context.serviceAccount ?? enrichedInPod(alert),
  team: (alert) => alert.context.team ?? enriched(alert),
  node: ({ context }) => context.node ?? '',
  node_pool: (alert) => alert.context.nodePool ?? enriched(alert),
  zone: (alert) => alert.context.zone ?? enriched(alert),
  machine_type: (alert) => alert.context.machineType ?? enriched(alert),
  user: ({ event }) => fieldText(event.fields['ka.user.name'] ?? event.fields['user.name']),
};

const NAMESPACE_LABEL = 'namespace_label_';
const POD_LABEL = 'pod_label_';

/** Falco's own drop events have fields without a dot; all others have one. */
const FIELD = /\.|^(?:n|ebpf)_/;

/** Whether an alert can have a fact or field of this name; a typing mistake in a matcher would mute or page for ever. */
export function isFactName(name: string): boolean {
  return (
    Object.hasOwn(FACTS, name) || name.startsWith(NAMESPACE_LABEL) || name.startsWith(POD_LABEL) || FIELD.test(name)
  );
}

/**
 * The facts of one alert. Names: those of `FACTS`, `namespace_label_NAME`, `pod_label_NAME`, and every field of
 * `output_fields` by its own name, absent ones and Falco's `<NA>` being empty.
 * @param priority the effective one
 */
export function factsOf(event: FalcoEvent, context: Context, priority: Priority): Facts {
  const alert: Alert = { event, context, priority };
  return (name) => {
    if (Object.hasOwn(FACTS, name)) return FACTS[name]?.(alert);
    if (name.startsWith(NAMESPACE_LABEL))
      return label(alert, context.namespaceLabels, name.slice(NAMESPACE_LABEL.length));
    if (name.startsWith(POD_LABEL)) return label(alert, context.podLabels, name.slice(POD_LABEL.length));
    return Object.hasOwn(event.fields, name) ? fieldText(event.fields[name]) : '';
  };
}

/** A field as a matcher sees it: null, `<NA>` and an absent field are the empty string. */
export function fieldText(value: FieldValue | undefined): string {
  if (value === null || value === undefined || value === '<NA>') return '';
  if (typeof value === 'string') return value;
  return typeof value === 'object' ? JSON.stringify(value, integersAsText) : String(value);
}

function integersAsText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

/** A listed cluster may have none. What another one is for, or one whose node this is not, nobody knows. */
function environmentOf({ environment = '', clusterStatus, clusterMismatch }: Context): string | undefined {
  return clusterStatus === 'listed' && !clusterMismatch ? environment : undefined;
}

function label(alert: Alert, labels: Context['podLabels'], name: string): string | undefined {
  return labels && Object.hasOwn(labels, name) ? labels[name] : enrichedInPod(alert);
}

/** What the event itself should have said of a container; on GKE it may come late. */
function ofContainer({ event, context }: Alert): string | undefined {
  return event.source !== 'syscall' || isOfNode(event) || context.enrichment === 'full' ? '' : undefined;
}

/** What only enrichment can say. */
function enriched({ context }: Alert): string | undefined {
  return context.enrichment === 'full' ? '' : undefined;
}

/** What only enrichment can say, and only where there is a pod. */
function enrichedInPod(alert: Alert): string | undefined {
  return isOfNode(alert.event) ? '' : enriched(alert);
}

/** A process on the node itself, or Falco's own word: there is no pod, so all that a pod has is known to be empty. */
function isOfNode({ fields, source }: FalcoEvent): boolean {
  return source === 'internal' || fields['container.id'] === 'host';
}
