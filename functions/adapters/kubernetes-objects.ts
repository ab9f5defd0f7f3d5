/** Kubernetes objects as the API sends them, reduced to the facts that enrichment keeps. */

import * as z from 'zod';
import {
  type ContainerFacts,
  isLabelName,
  isObjectName,
  type NamespaceFacts,
  type NodeFacts,
  type Owner,
  type PodFacts,
  type PodOnNode,
} from '../core/event/metadata.ts';

const labels = z.record(z.string(), z.string()).nullish();
const metadata = z.object({
  name: z.string().nullish(),
  namespace: z.string().nullish(),
  uid: z.string().nullish(),
  labels,
  annotations: labels,
  ownerReferences: z
    .array(z.object({ kind: z.string(), name: z.string(), controller: z.boolean().nullish() }))
    .nullish(),
});

const containerStatuses = z
  .array(z.object({ name: z.string(), containerID: z.string().nullish(), imageID: z.string().nullish() }))
  .nullish();

const podObject = z.object({
  metadata,
  spec: z.object({ nodeName: z.string().nullish(), serviceAccountName: z.string().nullish() }),
  status: z
    .object({
      containerStatuses,
      initContainerStatuses: containerStatuses,
      ephemeralContainerStatuses: containerStatuses,
    })
    .nullish(),
});
type PodObject = z.infer<typeof podObject>;

const podList = z.object({ items: z.array(podObject) });
const anyObject = z.object({ metadata });
const nodeObject = z.object({
  metadata,
  status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).nullish() }).nullish(),
});

/** Labels are shown, matched and written: few, and short as Kubernetes has them. */
const MAX_LABELS = 64;

/** https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-config-mirror: the static pod's uid. */
const MIRROR = 'kubernetes.io/config.mirror';

/** Each of these gives undefined for what is no such object. */
export function pod(body: unknown): PodFacts | undefined {
  const parsed = podObject.safeParse(body);
  if (!parsed.success) return undefined;
  const { spec } = parsed.data;
  const { uid, annotations, ownerReferences } = parsed.data.metadata;
  const staticUid = annotations?.[MIRROR];
  const controller = controllerOf(ownerReferences);
  return {
    uid: uid ?? '',
    ...(staticUid && { staticUid }),
    labels: labelsOf(parsed.data.metadata.labels),
    containers: containersOf(parsed.data),
    ...(spec.nodeName && isObjectName(spec.nodeName) && { node: spec.nodeName }),
    ...(spec.serviceAccountName && { serviceAccount: spec.serviceAccountName }),
    ...(controller && { owner: controller }),
  };
}

export function podsOnNode(body: unknown): PodOnNode[] | undefined {
  const parsed = podList.safeParse(body);
  if (!parsed.success) return undefined;
  return parsed.data.items.flatMap((item) => {
    const { namespace, name, uid } = item.metadata;
    if (!namespace || !name || !isLabelName(namespace) || !isObjectName(name)) return [];
    const containerIds = containersOf(item).flatMap(({ id }) => (id ? [id] : []));
    return [{ namespace, name, uid: uid ?? '', containerIds }];
  });
}

/** The controller of a ReplicaSet or a Job; null where people made it themselves. */
export function owner(body: unknown): Owner | null | undefined {
  const parsed = anyObject.safeParse(body);
  return parsed.success ? (controllerOf(parsed.data.metadata.ownerReferences) ?? null) : undefined;
}

export function namespace(body: unknown): NamespaceFacts | undefined {
  const parsed = anyObject.safeParse(body);
  return parsed.success ? { labels: labelsOf(parsed.data.metadata.labels) } : undefined;
}

export function node(body: unknown): NodeFacts | undefined {
  const parsed = nodeObject.safeParse(body);
  if (!parsed.success) return undefined;
  const ready = parsed.data.status?.conditions?.find(({ type }) => type === 'Ready');
  const of = parsed.data.metadata.labels ?? {};
  const pool = of['cloud.google.com/gke-nodepool'];
  const zone = of['topology.kubernetes.io/zone'];
  const machineType = of['node.kubernetes.io/instance-type'];
  return {
    spot: of['cloud.google.com/gke-spot'] === 'true' || of['cloud.google.com/gke-preemptible'] === 'true',
    ...(pool && { pool }),
    ...(zone && { zone }),
    ...(machineType && { machineType }),
    ...(ready && { ready: ready.status === 'True' }),
  };
}

function controllerOf(references: z.infer<typeof metadata>['ownerReferences']): Owner | undefined {
  const controller = references?.find((reference) => reference.controller);
  return controller && isObjectName(controller.name) ? { kind: controller.kind, name: controller.name } : undefined;
}

function labelsOf(all: z.infer<typeof labels>): Readonly<Record<string, string>> {
  return Object.freeze(Object.fromEntries(Object.entries(all ?? {}).slice(0, MAX_LABELS)));
}

/** `containerd://<id>`, `docker.io/library/x@sha256:<digest>`; both are empty before a container ran. */
function containersOf({ status }: PodObject): ContainerFacts[] {
  const all = [status?.containerStatuses, status?.initContainerStatuses, status?.ephemeralContainerStatuses];
  return all.flatMap((statuses) =>
    (statuses ?? []).map(({ name, containerID, imageID }) => {
      const digest = /sha256:[0-9a-f]{64}$/.exec(imageID ?? '')?.[0];
      return { name, id: (containerID ?? '').replace(/^[a-z-]+:\/\//, ''), ...(digest && { digest }) };
    }),
  );
}
