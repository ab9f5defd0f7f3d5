/** What enrichment asks the world outside: a cluster's facts, its Kubernetes objects and a static file, as interfaces. */

import type { ReasonCode } from '../reasons.ts';
import type { ClusterRef, Workload } from './alert.ts';

/** The answer to one question. A source never throws: `reason` is `enrich-not-found`, `-denied` or `-unavailable`. */
export type Lookup<T> = { found: true; value: T } | { found: false; reason: ReasonCode };

export function found<T>(value: T): Lookup<T> {
  return { found: true, value };
}

export function notFound<T>(reason: ReasonCode): Lookup<T> {
  return { found: false, reason };
}

/** A cluster's three names as one text. */
export function clusterKey({ project, location, name }: ClusterRef): string {
  return `${project}/${location}/${name}`;
}

/** What the part of a cluster's name reads as that nobody said, in labels and group keys. */
export const UNKNOWN = 'unknown';

/** What GKE says of a cluster. */
export interface ClusterFacts {
  version?: string;
  nodePools: readonly NodePoolFacts[];
  /** The control plane's host name with a public certificate. */
  dnsEndpoint?: string;
  /** The control plane's IP address; its certificate is signed by `ca`. */
  ipEndpoint?: string;
  /** PEM. */
  ca?: string;
}

export interface NodePoolFacts {
  name: string;
  /** The zones its nodes run in. */
  zones: readonly string[];
  machineType?: string;
  spot?: boolean;
}

export interface ClusterSource {
  cluster(ref: ClusterRef, signal: AbortSignal): Promise<Lookup<ClusterFacts>>;
  close(): Promise<void>;
}

/** Where a cluster's Kubernetes API answers. */
export interface ApiTarget {
  /** An origin: `https://host[:port]`, or http on loopback. */
  endpoint: string;
  /** The certificate authority as PEM, or as the path of a file; absent where the certificate is a public one. */
  ca?: { pem: string } | { file: string };
}

export interface NodeFacts {
  pool?: string;
  zone?: string;
  machineType?: string;
  spot: boolean;
  /** As the kubelet last said; absent where it did not. */
  ready?: boolean;
}

export interface ContainerFacts {
  name: string;
  /** The runtime's full id, without `containerd://`; '' before the container ran. */
  id: string;
  /** `sha256:...` */
  digest?: string;
}

/** A controller as `ownerReferences` names it. */
export interface Owner {
  kind: string;
  name: string;
}

export interface PodFacts {
  uid: string;
  /** A static pod's uid as its node knows it: `uid` is that of the API server's copy. */
  staticUid?: string;
  node?: string;
  serviceAccount?: string;
  labels: Readonly<Record<string, string>>;
  owner?: Owner;
  containers: readonly ContainerFacts[];
}

export interface NamespaceFacts {
  labels: Readonly<Record<string, string>>;
}

/** A pod of a node, as far as it takes to find it by one of its containers. */
export interface PodOnNode {
  namespace: string;
  name: string;
  uid: string;
  containerIds: readonly string[];
}

/** The kinds between a pod and its workload that have a controller of their own. */
export type MiddleKind = 'ReplicaSet' | 'Job';

export interface WorkloadSource {
  pod(target: ApiTarget, namespace: string, name: string, signal: AbortSignal): Promise<Lookup<PodFacts>>;
  podsOnNode(target: ApiTarget, node: string, signal: AbortSignal): Promise<Lookup<readonly PodOnNode[]>>;
  /** The controller of a ReplicaSet or a Job; null where it has none. */
  ownerOf(
    target: ApiTarget,
    kind: MiddleKind,
    namespace: string,
    name: string,
    signal: AbortSignal,
  ): Promise<Lookup<Owner | null>>;
  node(target: ApiTarget, name: string, signal: AbortSignal): Promise<Lookup<NodeFacts>>;
  namespace(target: ApiTarget, name: string, signal: AbortSignal): Promise<Lookup<NamespaceFacts>>;
  close(): Promise<void>;
}

/** What a static file says of a cluster. Names may hold `*`; the first that fits wins. */
export interface ClusterStatics {
  version?: string;
  node(name: string): NodeFacts | undefined;
  namespace(name: string): StaticNamespace | undefined;
  pod(namespace: string, name: string): StaticPod | undefined;
}

export interface StaticNamespace {
  team?: string;
  labels: Readonly<Record<string, string>>;
}

export interface StaticPod {
  workload?: Workload;
  serviceAccount?: string;
  team?: string;
  labels: Readonly<Record<string, string>>;
}

// Names build URLs, so what is none never gets that far. Lengths are checked first: they bound the patterns' work.

/** https://cloud.google.com/resource-manager/docs/creating-managing-projects; old projects carry their domain. */
const PROJECT = /^(?:[a-z0-9]+(?:[.-][a-z0-9]+)*:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$/;
/** A region or a zone: europe-west1, europe-west4-b, us-central1-ai1a. */
const LOCATION = /^[a-z]{1,20}(?:-[a-z]{2,20}){1,3}[0-9]{1,2}(?:-[a-z][a-z0-9]{0,7})?$/;
/** https://cloud.google.com/kubernetes-engine/docs/reference/rest/v1/projects.locations.clusters */
const CLUSTER = /^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
const DNS_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const DNS_SUBDOMAIN = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;

export function isProject(text: string): boolean {
  return text.length <= 100 && PROJECT.test(text);
}

export function isLocation(text: string): boolean {
  return text.length <= 63 && LOCATION.test(text);
}

export function isClusterName(text: string): boolean {
  return text.length <= 40 && CLUSTER.test(text);
}

export function isClusterRef(ref: ClusterRef): boolean {
  return isProject(ref.project) && isLocation(ref.location) && isClusterName(ref.name);
}

/** DNS-1123 label: namespaces. */
export function isLabelName(text: string): boolean {
  return text.length <= 63 && DNS_LABEL.test(text);
}

/** DNS-1123 subdomain: pods, nodes, controllers. */
export function isObjectName(text: string): boolean {
  return text.length <= 253 && DNS_SUBDOMAIN.test(text);
}
