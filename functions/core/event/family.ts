/** Which family of rules an event belongs to: the family decides which fields make two events the same. */

import type { FalcoEvent, Family } from './alert.ts';

/**
 * The rules of github.com/falcosecurity/rules (stable, incubating, sandbox) whose events' fields alone do not tell what
 * the rule is about: several are tripped by an open as well as by an execve, or by neither.
 */
const BY_RULE: ReadonlyMap<string, Family> = new Map([
  ...family('shell', ['Terminal shell in container']),
  ...family('api-server', ['Contact K8S API Server From Container']),
  ...family('network', [
    'Contact EC2 Instance Metadata Service From Container',
    'Contact cloud metadata service from container',
    'Detect outbound connections to common miner pool ports',
    'Disallowed SSH Connection Non Standard Port',
    'Interpreted procs inbound network activity',
    'Interpreted procs outbound network activity',
    'Java Process Class File Download',
    'Network Connection outside Local Subnet',
    'Packet socket created in container',
    'Redirect STDOUT/STDIN to Network Connection in Container',
    'System procs network activity',
    'Unexpected K8s NodePort Connection',
    'Unexpected UDP Traffic',
    'Unexpected inbound connection source',
  ]),
  ...family('file', [
    'Adding ssh keys to authorized_keys',
    'Backdoored library loaded into SSHD (CVE-2024-3094)',
    'Clear Log Activities',
    'Container Access to Host Sensitive Paths',
    'Container Drift Detected (chmod)',
    'Container Drift Detected (open+create)',
    'Create Hardlink Over Sensitive Files',
    'Create Hidden Files or Directories',
    'Create Symlink Over Sensitive Files',
    'Create files below dev',
    'Delete or rename shell history',
    'Detect release_agent File Container Escapes',
    'Directory traversal monitored file read',
    'Exfiltrating Artifacts via Kubernetes Control Plane',
    'Mkdir binary dirs',
    'Modify Container Entrypoint',
    'Modify Shell Configuration File',
    'Modify binary dirs',
    'Privileged Container Device Access',
    'Read Shell Configuration File',
    'Read environment variable from /proc files',
    'Read sensitive file trusted after startup',
    'Read sensitive file untrusted',
    'Read ssh information',
    'Schedule Cron Jobs',
    'Set Setuid or Setgid bit',
    'Update Package Repository',
    'Write below binary dir',
    'Write below etc',
    'Write below monitored dir',
    'Write below root',
    'Write below rpm database',
  ]),
  ...family('exec', [
    'BPF Program Not Profiled',
    'Basic Interactive Reconnaissance',
    'Change namespace privileges via unshare',
    'Change thread namespace',
    'Container Run as Root User',
    'DB program spawned process',
    'Debugfs Launched in Privileged Container',
    'Decoding Payload in Container',
    'Detect crypto miners using the Stratum protocol',
    'Drop and execute new binary in container',
    'Execution from /dev/shm',
    'Fileless execution via memfd_create',
    'Find AWS Credentials',
    'Known Cryptominer Process Executed',
    'Kubernetes Client Tool Launched in Container',
    'Launch Disallowed Container',
    'Launch Excessively Capable Container',
    'Launch Ingress Remote File Copy Tools in Container',
    'Launch Package Management Process in Container',
    'Launch Privileged Container',
    'Launch Remote File Copy Tools in Container',
    'Launch Sensitive Mount Container',
    'Launch Suspicious Network Tool in Container',
    'Launch Suspicious Network Tool on Host',
    'Linux Kernel Module Injection Detected',
    'Mount Launched in Privileged Container',
    'Netcat Remote Code Execution in Container',
    'Netcat/Socat Remote Code Execution on Host',
    'Network Tool Executed During NPM Package Install',
    'Non sudo setuid',
    'PTRACE anti-debug attempt',
    'PTRACE attached to process',
    'Polkit Local Privilege Escalation Vulnerability (CVE-2021-4034)',
    'Potential Local Privilege Escalation via Environment Variables Misuse',
    'Program run with disallowed http proxy env',
    'Remove Bulk Data from Disk',
    'Reverse Shell from Web Server',
    'Run shell untrusted',
    'Search Private Keys or Passwords',
    'Sudo Potential Privilege Escalation',
    'System user interactive',
    'Unprivileged Delegation of Page Faults Handling to a Userspace Process',
    'User mgmt binaries',
    'Web Server Spawned Shell',
    'Web Server Spawned Suspicious Child Process',
  ]),
]);

function family(name: Family, rules: readonly string[]): (readonly [string, Family])[] {
  return rules.map((rule) => [rule, name] as const);
}

const NETWORK_CALL = /^(?:connect|accept4?|bind|listen|socket|send(?:to|msg|mmsg)|recv(?:from|msg|mmsg))$/;
const FILE_CALL =
  /^(?:open(?:at2?|_by_handle_at)?|creat|unlink(?:at)?|rename(?:at2?)?|(?:sym)?link(?:at)?|mkdir(?:at)?|rmdir|f?chmod(?:at)?|f?chown(?:at)?|f?truncate)$/;

/** The family by the rule's name where the real rule set has it, otherwise by the event's own fields. */
export function familyOf(event: FalcoEvent): Family {
  if (event.source === 'k8s_audit') return 'audit';
  if (event.source !== 'syscall') return 'other';
  const { fields } = event;
  if (fields['container.id'] === 'host') return 'host';
  const named = BY_RULE.get(event.rule);
  if (named) return named;
  const call = String(fields['evt.type'] ?? '');
  if (call.startsWith('execve')) return 'exec';
  if (NETWORK_CALL.test(call) || (fields['fd.l4proto'] ?? '<NA>') !== '<NA>') return 'network';
  if (FILE_CALL.test(call) || fields['fd.type'] === 'file' || fields['fd.type'] === 'directory') return 'file';
  return fields['proc.exepath'] || fields['proc.cmdline'] || fields['proc.name'] ? 'exec' : 'other';
}
