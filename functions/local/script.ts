/** The demo's script: after the shell that opens it, what three clusters would say in twenty seconds of a bad morning. */

import { attributesOf, type Happening, inContainer, onHost, type Process } from './falco-events.ts';
import { apiContact, droppedIn, metrics, packagesIn, sensitiveRead, shellIn } from './happenings.ts';
import { AGENT, DATA, DEV, EXERCISE, LEDGER, NODES, PAYMENTS, REPORTS, RUNNER, SPARK } from './scenes.ts';

/** One message of the script. */
export interface Line {
  /** After the start, in milliseconds. */
  atMs: number;
  /** Decides the uuid: two lines of one name are the same event. */
  name: string;
  /** Absent: `raw` is sent instead. */
  happening?: Happening;
  raw?: string;
  /** How often the message arrives, as Pub/Sub redelivers what was not acknowledged. */
  deliveries: number;
}

const DROPS: Happening = {
  rule: 'Falco internal: syscall event drop',
  priority: 'Debug',
  says: 'Falco internal: syscall event drop. 912 system calls dropped in last second.',
  tags: [],
  hostname: NODES.dataA,
  source: 'internal',
  attributes: attributesOf(DATA),
  fields: { ebpf_enabled: '1', n_drops: '912', n_drops_buffer_total: '912', n_evts: '201844' },
};

/** Who was behind the shell, as the API server saw it: one plugin instance for many clusters, so its hostname says nothing. */
const EXEC_BY_HAND: Happening = {
  rule: 'Attach/Exec Pod',
  priority: 'Notice',
  says: `Attach/Exec to pod (user=ana@acme.example pod=${LEDGER.pod} resource=pods ns=payments action=exec command=<NA>)`,
  tags: ['k8s'],
  hostname: 'falco-k8saudit-gke-7d9c5b8f6d-x2x8k',
  source: 'k8s_audit',
  attributes: attributesOf(PAYMENTS),
  fields: {
    'ka.auth.decision': 'allow',
    'ka.cluster.name': PAYMENTS.name,
    'ka.response.code': '101',
    'ka.sourceips': '203.0.113.7',
    'ka.target.name': LEDGER.pod,
    'ka.target.namespace': 'payments',
    'ka.target.resource': 'pods',
    'ka.target.subresource': 'exec',
    'ka.uri': `/api/v1/namespaces/payments/pods/${LEDGER.pod}/exec`,
    'ka.uri.param[command]': null,
    'ka.user.name': 'ana@acme.example',
    'ka.useragent': 'kubectl/v1.36.1 (linux/amd64)',
    'ka.verb': 'create',
  },
};

const MEMFD = inContainer(
  SPARK,
  {
    rule: 'Fileless execution via memfd_create',
    priority: 'Critical',
    says: 'Fileless execution via memfd_create',
    tags: ['T1620', 'container', 'host', 'maturity_stable', 'mitre_defense_evasion', 'process'],
  },
  { exepath: 'memfd:runtime', cmdline: 'python3 -', parent: 'python3', user: 'spark', uid: 185 },
  { 'evt.arg.flags': 'EXE_WRITABLE|EXE_FROM_MEMFD' },
);

const HOST = { ...LEDGER, containerId: 'host' };

const CLEARED_LOGS = onHost(
  { cluster: DATA, node: NODES.dataB },
  {
    rule: 'Clear Log Activities',
    priority: 'Warning',
    says: 'Log files were tampered',
    tags: ['NIST_800-53_AU-10', 'T1070', 'container', 'filesystem', 'host', 'maturity_stable', 'mitre_defense_evasion'],
  },
  {
    exepath: '/usr/bin/truncate',
    cmdline: 'truncate -s 0 /var/log/auth.log',
    parent: 'bash',
    user: 'root',
    uid: 0,
    loginuid: 1001,
    type: 'openat',
  },
  { 'fd.name': '/var/log/auth.log' },
);

const REPORT: Process = {
  exepath: '/usr/bin/psql',
  cmdline: 'psql postgres://report:correct-horse-9@10.4.0.3/ledger -c select 1',
  parent: 'bash',
  user: 'root',
  uid: 0,
  type: 'openat',
};

const GUEST_AGENT: Process = {
  exepath: '/usr/bin/google_guest_agent',
  cmdline: 'google_guest_agent',
  parent: 'systemd',
  user: 'root',
  uid: 0,
  type: 'openat',
};

/** The inventory agent talks to the API server all day: the same thing again, from another port each time. */
const CHATTER: readonly Line[] = [1_400, 2_600, 3_800, 6_000, 8_400, 10_600, 12_800, 15_200, 17_400, 19_600].map(
  (atMs, index) =>
    line(
      atMs,
      `agent ${index}`,
      apiContact(AGENT, '/app/inventory-agent', 'inventory-agent --interval 5m', 45_874 + index * 13),
    ),
);

const PACKAGES: readonly Line[] = [4_600, 5_000, 5_400, 9_600].map((atMs, index) =>
  line(atMs, `packages ${index}`, packagesIn(RUNNER, 'apt-get install -y git')),
);

/** What follows the hello world, in order of time. */
export const SCRIPT: readonly Line[] = [
  line(700, 'metrics a', metrics(PAYMENTS, NODES.paymentsA, 27)),
  line(1_000, 'metrics b', metrics(DATA, NODES.dataA, 8_311)),
  line(1_900, 'report', sensitiveRead(REPORTS, '/etc/shadow', REPORT), 3),
  line(3_000, 'guest agent', sensitiveRead(HOST, '/etc/shadow', GUEST_AGENT)),
  line(
    3_400,
    'curl',
    apiContact(
      LEDGER,
      '/usr/bin/curl',
      'curl -sk https://10.64.0.1/api -H "Authorization: Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJkZW1vIn0.c2lnbmF0dXJlLW9mLXRoZS1kZW1v"',
      51_220,
    ),
  ),
  line(4_200, 'shell again', shellIn(LEDGER)),
  line(5_800, 'dropped', droppedIn(LEDGER, '/tmp/.x/kworker --token=9f31c07be52a4d18')),
  line(6_600, 'exec by hand', EXEC_BY_HAND),
  line(7_200, 'cleared logs', CLEARED_LOGS),
  line(7_600, 'exercise', shellIn(EXERCISE)),
  line(7_800, 'report again', sensitiveRead(REPORTS, '/etc/shadow', REPORT)),
  line(9_000, 'metrics c', metrics(DEV, NODES.dev, 402)),
  line(10_000, 'memfd', MEMFD),
  line(11_200, 'memfd again', MEMFD),
  line(11_600, 'exercise again', shellIn({ ...EXERCISE, pod: 'red-team-1', containerId: '4b8de20f7c15' })),
  line(12_000, 'drops', DROPS),
  line(13_400, 'dev drop', droppedIn(RUNNER, '/workspace/build/server.test -test.v')),
  line(14_200, 'spark shell', shellIn(SPARK)),
  line(16_000, 'no event', undefined),
  line(16_600, 'guest agent again', sensitiveRead(HOST, '/etc/shadow', GUEST_AGENT)),
  line(18_200, 'dropped again', droppedIn(LEDGER, '/tmp/.x/kworker --token=9f31c07be52a4d18')),
  ...CHATTER,
  ...PACKAGES,
].sort((a, b) => a.atMs - b.atMs);

function line(atMs: number, name: string, happening: Happening | undefined, deliveries = 1): Line {
  // Whatever else publishes to the topic must not be lost in silence: it is parked, and counted.
  return happening ? { atMs, name, happening, deliveries } : { atMs, name, raw: '{"status":"firing"}', deliveries };
}
