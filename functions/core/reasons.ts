/**
 * The bounded codes by which every decision and every failure is logged, counted and documented.
 * docs/reasons.md holds the same table; a test holds the two together.
 */

export interface Reason {
  /** Whether trying again can help. */
  retryable: boolean;
  /** What it means and what the operator does. */
  help: string;
}

export const REASONS = {
  // Messages that can't be events: parked on the dead-letter topic.
  'message-no-envelope': {
    retryable: false,
    help: 'The request body is no Pub/Sub push: check what calls this function.',
  },
  'message-no-data': { retryable: false, help: 'The message has no data: check what else publishes to the topic.' },
  'message-bad-base64': { retryable: false, help: 'The data is not base64: the caller is not Pub/Sub.' },
  'message-not-utf8': { retryable: false, help: 'The data is not UTF-8: check what else publishes to the topic.' },
  'message-too-large': { retryable: false, help: 'Over 10 MB, more than Pub/Sub carries.' },
  'event-bad-json': { retryable: false, help: 'The data is not JSON: check what else publishes to the topic.' },
  'event-not-falco': { retryable: false, help: 'The JSON lacks what makes a Falco event; `detail` names the fields.' },
  'event-too-large': {
    retryable: false,
    help: 'More than a store can hold, and several times what Loki takes: check what publishes such events.',
  },
  'escalation-invalid': {
    retryable: false,
    help: 'What lies on the escalations topic is no alert of ours: check what else publishes to it.',
  },
  'notification-invalid': {
    retryable: false,
    help: 'What lies on the notifications topic is no wake-up of ours: check what else publishes to it.',
  },
  // Enrichment, never fatal.
  'cluster-absent': { retryable: false, help: 'No gke_* attributes: set customattributes in the Helm values.' },
  'cluster-invalid': { retryable: false, help: 'The gke_* attributes are no GKE names; nothing was asked.' },
  'cluster-unlisted': {
    retryable: false,
    help: 'List the cluster in pipeline.yaml, or find out who publishes for it.',
  },
  'cluster-mismatch': { retryable: false, help: 'The claimed cluster does not have the node: check who publishes.' },
  'enrich-timeout': { retryable: true, help: 'Metadata did not arrive within its time budget.' },
  'enrich-breaker-open': { retryable: true, help: 'The cluster failed repeatedly and is not asked for a while.' },
  'enrich-denied': {
    retryable: false,
    help: 'The API refused our identity: check the roles of the ingest service account.',
  },
  'enrich-not-found': { retryable: false, help: 'The object is gone or never existed.' },
  'enrich-unavailable': { retryable: true, help: 'The API failed.' },
  'enrich-no-pod': {
    retryable: false,
    help: 'The event names no pod (a host event, or the container runtime was slow).',
  },
  'enrich-invalid-name': {
    retryable: false,
    help: 'A namespace, pod or node of the event is no Kubernetes name; nothing was asked: check who publishes.',
  },
  'enrich-no-endpoint': {
    retryable: false,
    help: 'GKE gives no endpoint of the kind that pipeline.yaml names: enable it, or write dns, ip or an address.',
  },
  // Loki.
  'loki-refused': {
    retryable: false,
    help: "Loki will never take the entry; its words are in the parked message's detail.",
  },
  'loki-throttled': { retryable: true, help: 'Loki answered 429: raise its ingestion limits if it lasts.' },
  'loki-blocked': { retryable: true, help: 'Loki answered 260: ingestion is blocked for the tenant.' },
  'loki-denied': { retryable: true, help: 'Loki answered 401, 403 or 404: check LOKI_URL, tenant and credentials.' },
  'loki-unavailable': { retryable: true, help: 'Loki is down, slow or failing.' },
  // Store and Pub/Sub.
  'store-unavailable': { retryable: true, help: 'The store is down, slow or failing; messages are redelivered.' },
  'pubsub-unavailable': { retryable: true, help: 'A publish failed; the message is redelivered.' },
  overloaded: {
    retryable: true,
    help: 'Too many events or bytes in flight in one instance; the message is redelivered.',
  },
  internal: { retryable: true, help: 'A defect of the relay: the log line holds the stack; please report it.' },
  'heartbeat-unavailable': {
    retryable: true,
    help: "The dead-man's switch did not take the heartbeat: check heartbeat.url, or it will page for nothing.",
  },
  // Receivers.
  'receiver-unknown': {
    retryable: false,
    help: 'A delivery is due to a receiver that pipeline.yaml no longer has: its fallback or the first receiver is told.',
  },
  'receiver-throttled': { retryable: true, help: 'The receiver answered 429.' },
  'receiver-unavailable': { retryable: true, help: 'The receiver is down, slow or failing.' },
  'receiver-denied': { retryable: false, help: 'The receiver refused our credentials or address.' },
  'receiver-refused': { retryable: false, help: 'The receiver will never take this content.' },
  'receiver-address-forbidden': { retryable: false, help: 'The address is private, not https, or not allowed.' },
} as const satisfies Record<string, Reason>;

export type ReasonCode = keyof typeof REASONS;
