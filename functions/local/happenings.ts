/** What the demo says of places: one function a rule, in the words of Falco's own. */

import { attributesOf, type Happening, inContainer, onHost, type Process } from './falco-events.ts';
import type { Cluster, Place } from './scenes.ts';

const SHELL: Process = {
  exepath: '/usr/bin/bash',
  cmdline: 'bash',
  parent: 'containerd-shim',
  user: 'root',
  uid: 0,
  tty: 34_816,
};

/** "Terminal shell in container", the project's hello world. */
export function shellIn(place: Place): Happening {
  return inContainer(
    place,
    {
      rule: 'Terminal shell in container',
      priority: 'Notice',
      says: 'A shell was spawned in a container with an attached terminal',
      tags: ['T1059', 'container', 'maturity_stable', 'mitre_execution', 'shell'],
    },
    SHELL,
    { 'evt.arg.flags': 'EXE_WRITABLE|EXE_LOWER_LAYER' },
  );
}

export function apiContact(place: Place, exepath: string, cmdline: string, port: number): Happening {
  return inContainer(
    place,
    {
      rule: 'Contact K8S API Server From Container',
      priority: 'Notice',
      says: 'Unexpected connection to K8s API Server from container',
      tags: ['T1565', 'container', 'k8s', 'maturity_stable', 'mitre_discovery', 'network'],
    },
    { exepath, cmdline, parent: 'sh', user: 'root', uid: 0, type: 'connect' },
    {
      'fd.name': `10.4.1.7:${port}->10.64.0.1:443`,
      'fd.lport': port,
      'fd.rport': 443,
      'fd.type': 'ipv4',
      'fd.l4proto': 'tcp',
    },
  );
}

/** A binary that no image ships. */
export function droppedIn(place: Place, cmdline: string): Happening {
  return inContainer(
    place,
    {
      rule: 'Drop and execute new binary in container',
      priority: 'Critical',
      says: 'Executing binary not part of base image',
      tags: ['PCI_DSS_11.5.1', 'TA0003', 'container', 'maturity_stable', 'mitre_persistence', 'process'],
    },
    { exepath: cmdline.split(' ')[0] ?? '', cmdline, parent: 'bash', user: 'root', uid: 0 },
    {
      'proc.aname[2]': 'bash',
      'proc.exe_ino.ctime_duration_proc_start': 4_118_402_117,
      'evt.arg.flags': 'EXE_WRITABLE|EXE_UPPER_LAYER',
    },
  );
}

export function sensitiveRead(place: Place, file: string, process: Process): Happening {
  const what = {
    rule: 'Read sensitive file untrusted',
    priority: 'Warning',
    says: 'Sensitive file opened for reading by non-trusted program',
    tags: ['T1555', 'container', 'filesystem', 'host', 'maturity_stable', 'mitre_credential_access'],
  };
  const fields = { 'fd.name': file };
  return place.containerId === 'host'
    ? onHost(place, what, process, fields)
    : inContainer(place, what, process, fields);
}

export function packagesIn(place: Place, cmdline: string): Happening {
  return inContainer(
    place,
    {
      rule: 'Launch Package Management Process in Container',
      priority: 'Error',
      says: 'Package management process launched in container',
      tags: ['T1505', 'container', 'maturity_incubating', 'mitre_persistence', 'process', 'software_mgmt'],
    },
    { exepath: '/usr/bin/apt-get', cmdline, parent: 'sh', user: 'root', uid: 0 },
  );
}

export function metrics(cluster: Cluster, node: string, matches: number): Happening {
  return {
    rule: 'Falco internal: metrics snapshot',
    priority: 'Informational',
    says: 'Falco metrics snapshot',
    tags: [],
    hostname: node,
    source: 'internal',
    attributes: attributesOf(cluster),
    fields: {
      'evt.hostname': node,
      'evt.source': 'syscall',
      'falco.duration_sec': 3_604,
      'falco.num_evts': 2_018_440,
      'falco.outputs_queue_num_drops': 0,
      'falco.rules.matches_total': matches,
      'falco.version': '0.44.1',
      'scap.engine_name': 'modern_bpf',
      'scap.n_drops_perc': 0.02,
    },
  };
}
