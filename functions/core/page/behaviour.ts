/** What a rule saw, as one of a closed list of behaviours: the headline and the first step follow from it. */

import { WATCH_RULES } from '../watch/watch-rules.ts';
import type { AlertView } from './notification.ts';

export type Behaviour =
  | 'shell'
  | 'dropped-binary'
  | 'memory-filesystem'
  | 'fileless'
  | 'netcat'
  | 'reverse-shell'
  | 'miner'
  | 'api-server'
  | 'credentials'
  | 'package-manager'
  | 'escape'
  | 'kernel-module'
  | 'backdoor'
  | 'ptrace'
  | 'covering-tracks'
  | 'destruction'
  | 'ssh'
  | 'ssh-key'
  | 'packet-socket'
  | 'pod-exec'
  | 'cluster-admin'
  | 'privileged-pod'
  | 'falco'
  | 'watch'
  | 'other-audit'
  | 'other-host'
  | 'other-container';

/** Rule names of https://github.com/falcosecurity/rules and of the k8s_audit rules of falcosecurity/plugins. */
const RULES: Readonly<Partial<Record<Behaviour, readonly string[]>>> = {
  shell: [
    'Terminal shell in container',
    'Run shell untrusted',
    'System user interactive',
    'Web Server Spawned Shell',
    'DB program spawned process',
  ],
  'dropped-binary': [
    'Drop and execute new binary in container',
    'Container Drift Detected (chmod)',
    'Container Drift Detected (open+create)',
  ],
  'memory-filesystem': ['Execution from /dev/shm'],
  fileless: ['Fileless execution via memfd_create'],
  netcat: ['Netcat Remote Code Execution in Container', 'Netcat/Socat Remote Code Execution on Host'],
  'reverse-shell': ['Redirect STDOUT/STDIN to Network Connection in Container', 'Reverse Shell from Web Server'],
  miner: [
    'Known Cryptominer Process Executed',
    'Detect crypto miners using the Stratum protocol',
    'Detect outbound connections to common miner pool ports',
  ],
  'api-server': ['Contact K8S API Server From Container', 'Kubernetes Client Tool Launched in Container'],
  credentials: [
    'Read sensitive file untrusted',
    'Read sensitive file trusted after startup',
    'Directory traversal monitored file read',
    'Find AWS Credentials',
    'Search Private Keys or Passwords',
    'Read ssh information',
    'Read environment variable from /proc files',
    'Create Symlink Over Sensitive Files',
    'Create Hardlink Over Sensitive Files',
  ],
  'package-manager': ['Launch Package Management Process in Container', 'Update Package Repository'],
  escape: [
    'Detect release_agent File Container Escapes',
    'Debugfs Launched in Privileged Container',
    'Change namespace privileges via unshare',
    'Mount Launched in Privileged Container',
    'Modify Container Entrypoint',
  ],
  'kernel-module': ['Linux Kernel Module Injection Detected'],
  backdoor: ['Backdoored library loaded into SSHD (CVE-2024-3094)'],
  ptrace: ['PTRACE attached to process'],
  'covering-tracks': ['Clear Log Activities', 'Delete or rename shell history'],
  destruction: ['Remove Bulk Data from Disk'],
  ssh: ['Disallowed SSH Connection Non Standard Port'],
  'ssh-key': ['Adding ssh keys to authorized_keys'],
  'packet-socket': ['Packet socket created in container'],
  'pod-exec': ['Attach/Exec Pod', 'EphemeralContainers Created'],
  'cluster-admin': ['Attach to cluster-admin Role'],
  'privileged-pod': [
    'Create Privileged Pod',
    'Create HostPid Pod',
    'Create HostNetwork Pod',
    'Create HostIPC Pod',
    'Create Sensitive Mount Pod',
    'Launch Privileged Container',
  ],
};

const BY_RULE: ReadonlyMap<string, Behaviour> = new Map(
  Object.entries(RULES).flatMap(([behaviour, rules]) => rules.map((rule) => [rule, behaviour as Behaviour] as const)),
);

/** The behaviour behind an alert: by its rule, else by where it comes from. */
export function behaviourOf(alert: AlertView): Behaviour {
  const known = BY_RULE.get(alert.rule);
  if (known) return known;
  if (WATCH_RULES.has(alert.rule)) return 'watch';
  if (alert.source === 'internal' || alert.rule.startsWith('Falco internal:')) return 'falco';
  if (alert.source === 'k8s_audit') return 'other-audit';
  return isHost(alert) ? 'other-host' : 'other-container';
}

/** It happened on the node itself: Falco says so, or nothing names a container. */
export function isHost(alert: AlertView): boolean {
  if (alert.source === 'k8s_audit') return false;
  const id = alert.fields['container.id'];
  if (id) return id === 'host';
  const { namespace, pod, container, image } = alert.where;
  return !namespace && !pod && !image && (!container || container === 'host');
}
