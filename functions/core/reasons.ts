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
  'message-misplaced': {
    retryable: false,
    help: 'A message of our own on the wrong topic: publish it to the one that `detail` names.',
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
  'event-claims-relay': {
    retryable: false,
    help: "An event came under a source, rule or uuid of the relay's own: it is kept under another; find out who publishes.",
  },
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
  'loki-denied': {
    retryable: true,
    help: 'Loki refuses whatever is pushed: check LOKI_URL, tenant, credentials, and that allow_structured_metadata is on.',
  },
  'loki-unavailable': { retryable: true, help: 'Loki is down, slow or failing.' },
  // Store and Pub/Sub.
  'window-uncounted': {
    retryable: true,
    help: 'Firestore failed to close or to count one window, which `window` names; the others went on. It is tried again, later each time.',
  },
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
  'report-unavailable': {
    retryable: true,
    help: 'Loki was not told how incidents and deliveries stand: dashboards miss a minute, and nothing else does.',
  },
  'exec-not-joined': {
    retryable: false,
    help: 'The store failed on an audit record of an exec: its shell’s page may lack who opened it.',
  },
  'alert-muted': {
    retryable: false,
    help: 'A silence or an exception muted it: it is in Loki, marked `muted`, and counted; the label `by` names which.',
  },
  'silence-begins': { retryable: false, help: 'A silence, of pipeline.yaml or by a button, is in force from now on.' },
  'silence-extended': { retryable: false, help: 'A silence by a button now ends at another time; the line says when.' },
  'silence-ended': { retryable: false, help: 'A silence ended; the line says how many alerts told nobody.' },
  'exception-shadowed': {
    retryable: false,
    help: 'What an exception in shadow mode would have muted, once a day: give it `mode: mute` if that is right.',
  },
  'exception-muted': { retryable: false, help: 'What an exception muted, once a day.' },
  'exception-unused': {
    retryable: false,
    help: 'An exception matched nothing for 30 days: take it out of pipeline.yaml if it is no longer needed.',
  },
  'digest-told': { retryable: false, help: 'The daily digest went to the receivers that `announce` names.' },
  'observe-only': {
    retryable: false,
    help: 'pipeline.yaml says `mode: observe`: an incident opened, and the receivers named were not told.',
  },
  // The watch over nodes: what it decides, and what keeps it from seeing.
  'last-word-unrecorded': {
    retryable: true,
    help: 'That a node spoke could not be written down; its event is not concerned and its next word repairs it.',
  },
  'nodes-too-many': { retryable: false, help: 'Names past the bound are not watched: find out who publishes them.' },
  'pipeline-stopped': {
    retryable: true,
    help: 'No event of anybody was recorded lately, so no silence is judged: look at ingest and its subscription.',
  },
  'nothing-arrives': {
    retryable: true,
    help: 'Nothing arrived for all_silent_after: look at the subscription of ingest, its function, each Falcosidekick.',
  },
  'cluster-silent': { retryable: true, help: 'Half of the nodes or more are silent: look at Falcosidekick there.' },
  'canary-silent': { retryable: true, help: 'The canary no longer trips: its job, or Falco itself, does not work.' },
  'cluster-heard': { retryable: false, help: 'The cluster speaks.' },
  'silence-over': { retryable: false, help: 'What was told of is over; its incident is resolved.' },
  'node-silent': { retryable: true, help: 'Told: look at Falco on this node, or whether the node is gone.' },
  'node-silent-after-alert': {
    retryable: true,
    help: 'Told as critical: it had alerted shortly before, so somebody may have silenced Falco.',
  },
  'node-told': { retryable: false, help: 'Still silent, and told before.' },
  'node-heard': { retryable: false, help: 'It speaks, as far as recorded time shows.' },
  'node-quiet': { retryable: false, help: 'Silent, but not for silent_after yet.' },
  'node-young': { retryable: false, help: 'It spoke for less than the grace and is not missed.' },
  'node-not-ready': { retryable: true, help: 'Kubernetes says that it is not ready: the cluster knows already.' },
  'node-deleted': { retryable: false, help: 'Kubernetes has no such node any more.' },
  'node-forgotten': { retryable: false, help: 'Silent for forget_after: no longer expected.' },
  'node-of-silent-cluster': { retryable: true, help: "The alert about its cluster stands for its nodes'." },
  'node-drops-events': {
    retryable: true,
    help: 'Told: Falco loses events on this node; give it more CPU or larger buffers.',
  },
  'node-alerts-lost': {
    retryable: true,
    help: 'Told: more matched than arrived; look at Falcosidekick, its memory and its topic.',
  },
  // Receivers.
  'receiver-unknown': {
    retryable: false,
    help: 'A delivery is due to a receiver that pipeline.yaml no longer has: its fallback or the first receiver is told.',
  },
  'receiver-left-alone': {
    retryable: true,
    help: 'The receiver failed five times in a row and is not asked for half a minute; its pages stay due.',
  },
  'receiver-throttled': { retryable: true, help: 'The receiver answered 429.' },
  'receiver-timeout': { retryable: true, help: 'The receiver did not answer in time.' },
  'receiver-unavailable': { retryable: true, help: 'The receiver is down or failing.' },
  'receiver-denied': { retryable: false, help: 'The receiver refused our credentials or address.' },
  'receiver-refused': { retryable: false, help: 'The receiver will never take this content.' },
  'receiver-address-forbidden': { retryable: false, help: 'The address is private, not https, or not allowed.' },
  // Callbacks: what was refused, what asked nothing, and what became of the rest.
  'callback-not-configured': {
    retryable: false,
    help: 'pipeline.yaml has no `callbacks` for who called: add it, or stop calling.',
  },
  'callback-wrong-method': { retryable: false, help: 'Not a POST: links and crawlers never act.' },
  'callback-too-large': { retryable: false, help: 'Over 1 MB, more than Slack or PagerDuty send.' },
  'callback-no-signature': {
    retryable: false,
    help: 'The request is signed neither as by Slack nor as by PagerDuty: somebody else calls.',
  },
  'callback-bad-signature': {
    retryable: false,
    help: 'No signing secret of pipeline.yaml gives this signature: one was rotated, or somebody forges.',
  },
  'callback-too-old': {
    retryable: false,
    help: 'Rightly signed, but long ago or yet to come: a recorded request was sent again, or a clock is wrong.',
  },
  'callback-malformed': {
    retryable: false,
    help: 'Rightly signed, but nothing that Slack or PagerDuty are known to send.',
  },
  'callback-ignored': {
    retryable: false,
    help: 'A link that was followed, or an event that changes nothing here; the message says which.',
  },
  'callback-user-refused': {
    retryable: false,
    help: 'Somebody acted whom callbacks.allowed_users does not list; `user` is the id to add, if it should be.',
  },
  'callback-done': { retryable: false, help: 'Somebody acted on an incident; `user` says who.' },
  'callback-stale': {
    retryable: false,
    help: 'The button, or the alert in PagerDuty, belongs to an earlier incident of the group or an earlier page: nothing changed.',
  },
  'callback-already': { retryable: false, help: 'It had been done before, by somebody else or in another place.' },
  'callback-replayed': { retryable: false, help: 'The same request came again and had no effect.' },
  'callback-unknown': {
    retryable: false,
    help: 'No incident of ours: it is over for a month, or PagerDuty tells of what other tools opened.',
  },
  'callback-impossible': {
    retryable: false,
    help: 'What a button asks cannot be done: nobody is on call, or a storm was to be muted. Whoever pressed was told.',
  },
  'callback-reply-failed': {
    retryable: false,
    help: 'The action stands, but whoever pressed was not told: Slack is slow, or response_origin is wrong.',
  },
} as const satisfies Record<string, Reason>;

export type ReasonCode = keyof typeof REASONS;
