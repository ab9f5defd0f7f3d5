/** What is told in chat, what is only written, and what the policy does not name: each line of it both ways. */

import {
  type Case,
  DEVELOPMENT,
  type Fields,
  HOST,
  inside,
  like,
  NOWHERE,
  PRODUCTION,
  process,
  SYSTEM,
  UNSAID,
} from './places.ts';

const REDIRECT = 'network-redirect';
const UNTRUSTED = 'exec-run-shell-untrusted';
const DAEMON_SETS: Fields = { 'ka.user.name': 'system:serviceaccount:kube-system:daemon-set-controller' };
const API = 'api-server-curl';
const TUNABLES = 'Potential Local Privilege Escalation via Environment Variables Misuse';
const USERFAULTFD = 'Unprivileged Delegation of Page Faults Handling to a Userspace Process';
const KUBE_POD = 'Pod Created in Kube Namespace';
const anonymous = (uri: string): string =>
  like('audit-secret-get', { 'ka.user.name': 'system:anonymous', 'ka.uri': uri }, 'Anonymous Request Allowed');
const KEYS = 'host-authorized-keys';
const IN_SYSTEM: Fields = { 'ka.target.namespace': 'kube-system' };

export const CHATS: readonly Case[] = [
  ['a terminal shell in production', 'chat', like('shell-terminal'), PRODUCTION],
  ['a terminal shell where nobody said what the cluster is for', 'chat', like('shell-terminal'), UNSAID],
  ['a terminal shell who knows where', 'chat', like('shell-terminal'), NOWHERE],
  ['a terminal shell in development', 'log only', like('shell-terminal'), DEVELOPMENT],
  ['a terminal shell whose pod came too late', 'chat', like('shell-late-kubernetes'), UNSAID],
  ['kubectl exec in production', 'chat', like('audit-exec'), PRODUCTION],
  ['kubectl exec in development', 'log only', like('audit-exec', { 'ka.cluster.name': 'dev-us1' }), DEVELOPMENT],
  ['kubectl debug in production', 'chat', like('audit-exec', {}, 'EphemeralContainers Created'), PRODUCTION],

  ['the API server by curl', 'chat', like(API), PRODUCTION],
  ['the API server by python3.12', 'chat', like(API, process('python3.12')), DEVELOPMENT],
  ['the API server by sh', 'chat', like(API, process('sh')), PRODUCTION],
  ['the API server by kubectl', 'chat', like(API, process('kubectl')), PRODUCTION],
  ['the API server by wget', 'chat', like(API, process('wget')), PRODUCTION],
  ['the API server by its usual client', 'log only', like(API, process('argocd')), PRODUCTION],
  ['the API server by curl in gke-managed-cim', 'log only', like(API), inside('gke-managed-cim')],
  ['the API server by an agent', 'log only', like('api-server-agent'), PRODUCTION],

  ['cloud credentials', 'chat', like('exec-aws-credentials'), PRODUCTION],
  ['private keys', 'chat', like('exec-private-keys'), PRODUCTION],
  ['a folder of keys', 'chat', like('file-ssh-keys'), PRODUCTION],
  ['a folder of keys read on a host', 'chat', like('file-ssh-keys', HOST), PRODUCTION],
  ['a sensitive symlink', 'chat', like('file-symlink'), PRODUCTION],
  ['ptrace', 'chat', like('exec-ptrace'), PRODUCTION],
  ['a packet socket', 'chat', like('network-packet-socket'), PRODUCTION],
  ['a packet socket of Google’s', 'log only', like('network-packet-socket'), SYSTEM],
  ['SSH on a web port', 'chat', like('network-ssh-port'), PRODUCTION],
  ['a log that was cleared', 'chat', like('file-log-cleared'), PRODUCTION],
  ['a history that was removed', 'chat', like('file-history'), PRODUCTION],
  ['bulk data that was removed', 'chat', like('exec-bulk-delete'), PRODUCTION],
  ['authorized_keys by Google’s agent', 'log only', like(KEYS), PRODUCTION],
  [
    'authorized_keys by its plugin',
    'log only',
    like(KEYS, { 'proc.exepath': '/usr/lib/google/guest_agent/core_plugin' }),
    UNSAID,
  ],
  [
    'authorized_keys by what calls itself so',
    'chat',
    like(KEYS, { 'proc.exepath': '/tmp/google_guest_agent' }),
    PRODUCTION,
  ],
  ['authorized_keys by its path in a container', 'chat', like(KEYS, { 'container.id': 'a8871b35411b' }), PRODUCTION],

  ['a package manager in production', 'chat', like('exec-package-manager'), PRODUCTION],
  ['a package manager in development', 'log only', like('exec-package-manager'), DEVELOPMENT],
  ['kubectl in a container', 'chat', like('exec-kubectl'), PRODUCTION],
  ['a scanner', 'chat', like('odd-no-tags'), PRODUCTION],
  ['dig', 'log only', like('odd-no-tags', process('dig')), PRODUCTION],
  ['a user made by Google’s agent', 'log only', like('host-user-mgmt'), PRODUCTION],
  ['a user made by hand', 'chat', like('host-user-mgmt', { 'proc.pname': 'bash' }), PRODUCTION],
  ['su with tunables', 'chat', like('exec-ptrace', process('su'), TUNABLES), PRODUCTION],
  ['an application with tunables', 'log only', like('exec-ptrace', process('node'), TUNABLES), PRODUCTION],
  ['bash on the network', 'chat', like(REDIRECT, process('bash'), 'System procs network activity'), PRODUCTION],
  [
    'a runtime overwritten',
    'chat',
    like('file-shadow', { 'fd.name': '/proc/self/exe' }, 'Modify Container Entrypoint'),
    UNSAID,
  ],
  [
    'a script’s own output',
    'log only',
    like('file-shadow', { 'fd.name': '/proc/self/fd/1' }, 'Modify Container Entrypoint'),
    UNSAID,
  ],

  [
    'kubectl cp in production',
    'chat',
    like(UNTRUSTED, {}, 'Exfiltrating Artifacts via Kubernetes Control Plane'),
    PRODUCTION,
  ],
  [
    'kubectl cp in development',
    'log only',
    like(UNTRUSTED, {}, 'Exfiltrating Artifacts via Kubernetes Control Plane'),
    DEVELOPMENT,
  ],
  ['a copy to elsewhere in production', 'chat', like('exec-mysqldump'), PRODUCTION],
  ['a copy to elsewhere in development', 'log only', like('exec-mysqldump'), DEVELOPMENT],
  ['a profile changed in a container', 'chat', like('file-shadow', {}, 'Modify Shell Configuration File'), PRODUCTION],
  ['a profile changed on a host', 'log only', like('file-shadow', HOST, 'Modify Shell Configuration File'), PRODUCTION],
  ['setuid in a container', 'chat', like('file-shadow', {}, 'Set Setuid or Setgid bit'), PRODUCTION],
  ['setuid on a host', 'log only', like('file-shadow', HOST, 'Set Setuid or Setgid bit'), PRODUCTION],
  ['a mount', 'chat', like('exec-setns', {}, 'Mount Launched in Privileged Container'), PRODUCTION],
  ['a mount of Google’s', 'log only', like('exec-setns', {}, 'Mount Launched in Privileged Container'), SYSTEM],
  [
    'another package repository in production',
    'chat',
    like('file-shadow', {}, 'Update Package Repository'),
    PRODUCTION,
  ],
  [
    'another package repository in development',
    'log only',
    like('file-shadow', {}, 'Update Package Repository'),
    DEVELOPMENT,
  ],
  ['a new program in production', 'chat', like('file-shadow', {}, 'Write below binary dir'), PRODUCTION],
  ['a new program in development', 'log only', like('file-shadow', {}, 'Write below binary dir'), DEVELOPMENT],
  [
    'a role of the system changed by somebody',
    'chat',
    like('audit-exec', {}, 'System ClusterRole Modified/Deleted'),
    PRODUCTION,
  ],
  [
    'a role of the system changed by GKE',
    'log only',
    like('audit-exec', DAEMON_SETS, 'System ClusterRole Modified/Deleted'),
    PRODUCTION,
  ],

  ['an anonymous request', 'chat', anonymous('/api/v1/secrets'), PRODUCTION],
  ['an anonymous request for the version', 'log only', anonymous('/version?timeout=32s'), PRODUCTION],
  ['a mount by somebody', 'chat', like('audit-hostpid', {}, 'Create Sensitive Mount Pod'), PRODUCTION],
  [
    'a mount by somebody in kube-system',
    'log only',
    like('audit-hostpid', IN_SYSTEM, 'Create Sensitive Mount Pod'),
    PRODUCTION,
  ],
  ['a mount of a DaemonSet', 'log only', like('audit-hostpid', DAEMON_SETS, 'Create Sensitive Mount Pod'), PRODUCTION],
  ['a pod of the system’s', 'log only', like('audit-hostpid', { ...DAEMON_SETS, ...IN_SYSTEM }, KUBE_POD), PRODUCTION],
  ['a pod beside the system’s', 'chat', like('audit-exec', IN_SYSTEM, KUBE_POD), PRODUCTION],
  ['a password in a ConfigMap', 'chat', like('audit-configmap'), PRODUCTION],
  ['a password in one of Google’s', 'log only', like('audit-configmap', IN_SYSTEM), PRODUCTION],
];

export const LOGS: readonly Case[] = [
  ['a shell that a server starts', 'log only', like(UNTRUSTED), PRODUCTION],
  ['a shell that a web server starts, Critical to Falco', 'log only', like('exec-web-shell'), PRODUCTION],
  ['/etc/shadow', 'log only', like('file-shadow'), PRODUCTION],
  ['/etc/pam.d after the start', 'log only', like('file-after-startup'), PRODUCTION],
  ['instance metadata', 'log only', like('network-metadata'), PRODUCTION],
  ['another namespace', 'log only', like('exec-setns'), PRODUCTION],
  ['BPF of Dataplane V2', 'log only', like('host-bpf'), PRODUCTION],
  ['a miner’s port, Critical to Falco', 'log only', like('network-miner-port'), PRODUCTION],
  ['a secret that was read', 'log only', like('audit-secret-get'), PRODUCTION],
  ['a role with write privileges', 'log only', like('audit-role'), PRODUCTION],
  ['a privileged container', 'log only', like('exec-privileged'), PRODUCTION],
  ['a device, Critical to Falco', 'log only', like('exec-memfd', {}, 'Privileged Container Device Access'), PRODUCTION],
  [
    'a sensitive path of the host',
    'log only',
    like('file-shadow', {}, 'Container Access to Host Sensitive Paths'),
    PRODUCTION,
  ],
  ['userfaultfd, Critical to Falco', 'log only', like('exec-memfd', {}, USERFAULTFD), PRODUCTION],
  [
    'classes from the network, Critical to Falco',
    'log only',
    like('exec-memfd', {}, 'Java Process Class File Download'),
    UNSAID,
  ],
  ['UDP', 'log only', like('network-ipv6'), PRODUCTION],
  ['a file below /etc', 'log only', like('file-write-etc'), PRODUCTION],
  ['dropped events', 'log only', like('internal-drop'), PRODUCTION],
  ['dropped events of an old Falco, Critical', 'log only', like('internal-drop-old'), PRODUCTION],
  ['a snapshot of metrics', 'log only', like('internal-snapshot'), PRODUCTION],
];

export const OTHERS: readonly Case[] = [
  ['a rule of one’s own, Warning to Falco', 'chat', like('file-custom-rule'), PRODUCTION],
  ['a rule of one’s own in kube-system, Warning to Falco', 'chat', like('file-custom-rule'), SYSTEM],
  [
    'a container that names its rule as Falco names its own',
    'page',
    like('exec-memfd', {}, 'Falco internal: x'),
    PRODUCTION,
  ],
  ['another plugin’s, Critical to Falco', 'page', like('plugin-cloudtrail'), PRODUCTION],
  ['another plugin’s, Notice to Falco', 'log only', like('plugin-okta'), PRODUCTION],
];
