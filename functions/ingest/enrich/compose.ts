/** One event's context out of what it says and what is known right now. Asks for what is missing, waits for nothing. */

import type { Context, Workload } from '../../core/event/alert.ts';
import { apiTargetOf } from '../../core/event/api-target.ts';
import {
  type ApiTarget,
  type ClusterFacts,
  type ClusterStatics,
  isLabelName,
  isObjectName,
  type NodeFacts,
  type PodFacts,
  type PodOnNode,
} from '../../core/event/metadata.ts';
import { derivedWorkload } from '../../core/event/workload.ts';
import { createGathering, type Gathering } from './gather.ts';
import { poolOf } from './node-pool.ts';
import type { ListedCluster } from './options.ts';
import { type Identity, type Said, workloadSaid } from './said.ts';
import type { ClusterViews, KubernetesViews } from './views.ts';

export interface Draft {
  /** Complete as far as the answers are there; what is still awaited reads `enrich-timeout`. */
  context: Context;
  /** Requests under way that would tell more. */
  waiting: readonly Promise<void>[];
  /** Milliseconds since the epoch. */
  freshUntil: number;
}

type Labels = Readonly<Record<string, string>>;
type Filled = { [Name in keyof Context]?: Context[Name] | undefined };

export function compose(
  said: Said,
  { status, cluster, listed }: Identity,
  viewsOf: (listed: ListedCluster) => ClusterViews,
  teamLabels: readonly string[],
): Draft {
  const gathering = createGathering();
  let learned: Filled = {};
  if (status === 'listed' && listed) learned = learn(said, scopeOf(listed, viewsOf(listed), teamLabels, gathering));
  else gathering.miss(`cluster-${status as Exclude<typeof status, 'listed'>}`);
  const context = {
    ...own(said),
    ...present(learned),
    ...(cluster && { cluster }),
    ...(listed?.environment && { environment: listed.environment }),
    clusterStatus: status,
    clusterMismatch: learned.clusterMismatch ?? false,
    ...gathering.outcome(),
  };
  return { context: Object.freeze(context), waiting: gathering.waiting, freshUntil: gathering.freshUntil };
}

function present(filled: Filled): Partial<Context> {
  return Object.fromEntries(Object.entries(filled).filter(([, value]) => value !== undefined));
}

/** What needs nobody's answer. */
function own(said: Said): Partial<Context> {
  const { namespace, pod, podUid, container, containerId, image, imageTag, imageDigest, node, team } = said;
  return present({
    namespace,
    pod,
    podUid,
    container,
    containerId,
    image,
    imageTag,
    imageDigest,
    node,
    team,
    workload: workloadSaid(said),
    derivedWorkload: pod && derivedWorkload(pod),
  });
}

function learn(said: Said, scope: Scope): Filled {
  const { api, gathering, teamLabels } = scope;
  const names = {
    namespace: valid(said.namespace, isLabelName, gathering),
    pod: valid(said.pod, isObjectName, gathering),
  };
  const saidNode = valid(said.node, isObjectName, gathering);
  const found = names.pod || !api ? undefined : findPod(said, saidNode, api, gathering);
  const namespace = found?.namespace ?? names.namespace;
  const name = found?.name ?? names.pod;
  // A container event that names no pod, and no pod was found for it.
  if (said.containerId && !(namespace && name) && gathering.waiting.length === 0) gathering.miss('enrich-no-pod');

  const uid = said.podUid ?? (found?.uid || undefined);
  const pod = api && namespace && name ? gathering.take(api.views.pod(api.target, namespace, name, uid)) : undefined;
  const labels = api && namespace ? gathering.take(api.views.namespace(api.target, namespace))?.labels : undefined;
  const workload = pod && api && namespace && name ? workloadOf(pod, namespace, name, api, gathering) : undefined;
  const standIn = standInOf(scope, namespace, name);
  const namespaceLabels = labels ?? standIn.namespace?.labels;
  const podLabels = pod?.labels ?? standIn.pod?.labels;
  return {
    ...aboutNode(said.node === undefined ? pod?.node : saidNode, scope),
    clusterVersion: scope.facts?.version ?? scope.statics?.version,
    namespace,
    pod: name,
    podUid: uid ?? pod?.uid,
    imageDigest: said.imageDigest ?? (pod && digestOf(said, pod)),
    workload: workload ?? standIn.pod?.workload,
    serviceAccount: pod?.serviceAccount ?? standIn.pod?.serviceAccount,
    team:
      firstLabel(podLabels, teamLabels) ??
      standIn.pod?.team ??
      said.team ??
      firstLabel(namespaceLabels, teamLabels) ??
      standIn.namespace?.team,
    namespaceLabels,
    podLabels,
  };
}

/** All that the questions of one event share. */
interface Scope {
  listed: ListedCluster;
  statics: ClusterStatics | undefined;
  facts: ClusterFacts | undefined;
  /** Undefined where the cluster's Kubernetes API is not to be asked, or can't be yet. */
  api: Api | undefined;
  teamLabels: readonly string[];
  gathering: Gathering;
}

interface Api {
  target: ApiTarget;
  views: KubernetesViews;
}

function scopeOf(
  listed: ListedCluster,
  views: ClusterViews,
  teamLabels: readonly string[],
  gathering: Gathering,
): Scope {
  const view = views.facts();
  const facts = gathering.take(view);
  const target = views.kubernetes && apiTargetOf(listed.kubernetes, facts);
  const api = target && views.kubernetes && { target, views: views.kubernetes };
  // Where GKE has yet to answer, that is the reason already.
  if (views.kubernetes && !target && (facts || !view)) gathering.miss('enrich-no-endpoint');
  return { listed, statics: views.statics, facts, api, teamLabels, gathering };
}

/** A name that builds a URL, or undefined; what is no name is said so. */
function valid(name: string | undefined, isName: (text: string) => boolean, gathering: Gathering): string | undefined {
  if (name === undefined || isName(name)) return name;
  gathering.miss('enrich-invalid-name');
  return undefined;
}

/** A runtime's id, cut to 12 characters by Falco; less would fit by chance. */
const CONTAINER_ID = /^[0-9a-f]{12,64}$/;

/** The pod of an event whose container is known before its pod is. */
function findPod(said: Said, node: string | undefined, api: Api, gathering: Gathering): PodOnNode | undefined {
  const id = said.containerId;
  if (!id || !node || !CONTAINER_ID.test(id)) return undefined;
  const isOwner = ({ containerIds }: PodOnNode): boolean => containerIds.some((full) => full.startsWith(id));
  const view = api.views.podsOnNode(api.target, node, (pods) => pods.some(isOwner));
  return gathering.take(view)?.find(isOwner);
}

function standInOf({ statics, gathering }: Scope, namespace: string | undefined, pod: string | undefined) {
  const standIn = {
    namespace: namespace === undefined ? undefined : statics?.namespace(namespace),
    pod: namespace === undefined || pod === undefined ? undefined : statics?.pod(namespace, pod),
  };
  if (standIn.namespace || standIn.pod) gathering.learn();
  else if (statics && namespace !== undefined) gathering.miss('enrich-not-found');
  return standIn;
}

function aboutNode(node: string | undefined, { listed, facts, statics, api, gathering }: Scope): Filled {
  if (node === undefined) return {};
  const view = api?.views.node(api.target, node);
  const seen: NodeFacts | undefined = gathering.take(view) ?? statics?.node(node);
  const guess = facts && !seen ? poolOf(node, listed.name, facts.nodePools) : undefined;
  const clusterMismatch = !seen && (view?.reason === 'enrich-not-found' || guess?.foreign === true);
  if (seen) gathering.learn();
  else if (clusterMismatch) gathering.miss('cluster-mismatch');
  else if ((facts || statics) && !guess?.pool) gathering.miss('enrich-not-found');
  const pool = clusterMismatch ? undefined : guess?.pool;
  return {
    node,
    nodePool: seen?.pool ?? pool?.name,
    zone: seen?.zone ?? (pool?.zones.length === 1 ? pool.zones[0] : undefined),
    machineType: seen?.machineType ?? pool?.machineType,
    spot: seen?.spot ?? pool?.spot,
    clusterMismatch,
  };
}

/** The end of the chain of controllers. A ReplicaSet whose controller is not known yet says nothing that lasts. */
function workloadOf(
  pod: PodFacts,
  namespace: string,
  name: string,
  api: Api,
  gathering: Gathering,
): Workload | undefined {
  const { owner } = pod;
  // The kubelet owns static pods.
  if (!owner || owner.kind === 'Node') return { kind: 'Pod', name };
  if (owner.kind !== 'ReplicaSet' && owner.kind !== 'Job') return owner;
  const above = gathering.take(api.views.ownerOf(api.target, owner.kind, namespace, owner.name));
  return above === undefined ? undefined : (above ?? owner);
}

/** Of the container that the event names. */
function digestOf(said: Said, pod: PodFacts): string | undefined {
  const { containers } = pod;
  const id = said.containerId;
  const container = id
    ? (containers.find((one) => CONTAINER_ID.test(id) && one.id.startsWith(id)) ??
      containers.find((one) => one.name === said.container))
    : undefined;
  return container?.digest;
}

function firstLabel(labels: Labels | undefined, names: readonly string[]): string | undefined {
  if (!labels) return undefined;
  for (const name of names) if (Object.hasOwn(labels, name) && labels[name]) return labels[name];
  return undefined;
}
