/** What `npm start` prints: where to look, and how to send an event of one's own. */

export interface GreetingOptions {
  base: string;
  demo: boolean;
  ownLoki: boolean;
  /** Receivers that are kept from sending: the page shows what they would. */
  outboxes: readonly string[];
  config: { receivers: readonly { name: string }[]; env: { LOKI_URL?: string | undefined } };
}

export function greetingOf({ base, demo, ownLoki, outboxes, config }: GreetingOptions): string {
  const { receivers, env } = config;
  const pages =
    outboxes.length > 0
      ? `shown on the live page, sent to nobody (${outboxes.join(', ')})`
      : receivers.map(({ name }) => name).join(', ');
  return `
Falco Relay runs.

  Live page   ${base}/
  Entries     ${ownLoki ? 'a local log that answers like Loki; LOKI_URL=http://... writes to yours' : env.LOKI_URL}
  Pages       ${pages}
  Demo        ${demo ? 'on for twenty seconds; DEMO=off npm start sends nothing of its own' : 'off'}

Send an event of your own, as Pub/Sub would:

${curlOf(base)}

Ctrl-C stops it.
`;
}

/** Two commands for any POSIX shell: Falco's JSON with the time of now, then the push around it. */
export function curlOf(base: string): string {
  return String.raw`  event=$(date -u '+{"uuid":"mine-%s","rule":"Terminal shell in container","priority":"Notice","source":"syscall",
    "time":"%Y-%m-%dT%H:%M:%SZ","output":"A shell was spawned","hostname":"gke-payments-eu1-default-pool-4a23d596-g2q1",
    "output_fields":{"k8s.ns.name":"payments","k8s.pod.name":"mine-0","container.id":"0123456789ab",
    "proc.cmdline":"bash -i","user.name":"root"}}' | base64 | tr -d '\n')
  curl -i ${base}/ingest -H 'content-type: application/json' -d '{"message":{"messageId":"mine","data":"'"$event"'",
    "attributes":{"gke_project":"acme-prod","gke_location":"europe-west1","gke_cluster":"payments-eu1"}}}'`;
}
