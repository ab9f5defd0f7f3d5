/** Loki, Pub/Sub and metadata as one process sees them. */

import type { LokiClient } from '../../functions/adapters/loki/client.ts';
import type { Metadata } from '../../functions/adapters/metadata.ts';
import { found, type Lookup, notFound } from '../../functions/core/event/metadata.ts';
import type { Topics } from '../../functions/core/ports.ts';
import type { Link } from './link.ts';
import type { LokiModel, PubSubModel } from './models.ts';
import type { Process } from './process.ts';

type Response = Awaited<ReturnType<LokiClient['push']>>;

const answer = (status: number, body = ''): Response => ({ status, headers: {}, body: Buffer.from(body), cut: false });

/** Answers that Loki gives instead of its own, and whether it stored what it was given. */
const ANSWERS: Readonly<Record<string, { status: number; body: string; stored: boolean }>> = {
  'status-429': { status: 429, body: 'ingestion rate limit exceeded for user fake', stored: false },
  'status-500': { status: 500, body: 'rpc error: code = Unavailable', stored: false },
  'status-500-after': { status: 500, body: 'at least 2 live replicas required', stored: true },
  'status-400': { status: 400, body: 'entry for stream has timestamp too new', stored: false },
};

export function createLokiPort(process: Process, link: Link, loki: LokiModel): LokiClient {
  return {
    push: (body, timeoutMs, signal) =>
      link.call(process, {
        port: 'loki',
        timeoutMs,
        signal,
        async effect(how) {
          const instead = ANSWERS[how ?? ''];
          if (how === 'partial') loki.fault = () => ({ status: 500, body: 'only some of it was stored', stored: 1 });
          try {
            if (!instead || instead.stored) {
              const own = await loki.push(body, timeoutMs);
              return instead ? answer(instead.status, instead.body) : own;
            }
          } finally {
            loki.fault = undefined;
          }
          return answer(instead.status, instead.body);
        },
      }),
    queryRange: (query, timeoutMs, signal) =>
      link.call(process, {
        port: 'loki',
        timeoutMs,
        signal,
        async effect(how) {
          if (how === 'status-429' || how?.startsWith('status-500'))
            return answer(500, 'too many outstanding requests');
          return loki.queryRange(query, timeoutMs);
        },
      }),
    close: async () => {},
  };
}

const TOPIC_NAMES = {
  escalations: 'escalations',
  notifications: 'notifications',
  retry: 'falco-retry',
  'dead-letter': 'falco-dead-letter',
} as const;

export function createTopicsPort(process: Process, link: Link, pubsub: PubSubModel): Topics {
  return {
    publish: (topic, message) =>
      link.call(process, { port: 'pubsub', effect: () => void pubsub.publish(TOPIC_NAMES[topic], message) }),
  };
}

/** What the GKE API and the Kubernetes APIs say; it comes and goes with the faults of this port. */
export function createMetadataPort(process: Process, link: Link): Metadata {
  const ask = async <T>(value: T): Promise<Lookup<T>> => {
    try {
      return await link.call(process, { port: 'metadata', effect: () => found(value) });
    } catch {
      return notFound('enrich-unavailable');
    }
  };
  const pods = async (): Promise<Lookup<never>> => notFound<never>('enrich-not-found');
  const dnsEndpoint = 'gke-0123456789ab.europe-west1.gke.goog';
  const nodePools = [{ name: 'default-pool', zones: ['europe-west1-b'] }];
  return {
    gke: {
      cluster: () => ask({ version: '1.33.1', nodePools, dnsEndpoint }),
      close: async () => {},
    },
    kubernetes: {
      pod: (_target, _namespace, name) =>
        ask({
          uid: `uid of ${name}`,
          labels: { team: 'payments' },
          containers: [],
          owner: { kind: 'ReplicaSet', name: withoutEnd(name) },
        }),
      podsOnNode: pods,
      ownerOf: (_target, _kind, _namespace, name) => ask({ kind: 'Deployment', name: withoutEnd(name) }),
      node: () => ask({ pool: 'default-pool', zone: 'europe-west1-b', spot: false, ready: true }),
      namespace: () => ask({ labels: { team: 'payments' } }),
      close: async () => {},
    },
    statics: () => undefined,
    close: async () => {},
  };
}

/** A pod's ReplicaSet, a ReplicaSet's Deployment. */
const withoutEnd = (name: string): string => name.slice(0, name.lastIndexOf('-'));
