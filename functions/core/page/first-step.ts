/** What to do first, in one sentence: evidence is preserved before anything is cleaned up. */

import { watchFirstStep } from '../watch/watch-words.ts';
import { shellOf } from '../who/exec.ts';
import type { Shell } from '../who/who.ts';
import { type Behaviour, behaviourOf } from './behaviour.ts';
import type { AlertView } from './notification.ts';

const PRESERVE_POD = "preserve the pod, isolate by NetworkPolicy, don't delete it";
const PRESERVE_NODE = "cordon the node and snapshot its disk, don't reboot or delete it";
const ASK_USER = 'ask the user named here; if it was not them, revoke their credentials, then read what else they did';

const FIRST_STEPS: Readonly<Record<Exclude<Behaviour, 'watch'>, string>> = {
  shell:
    'find out who opened it (audit log: exec or attach on this pod); if nobody claims it, isolate by NetworkPolicy',
  'dropped-binary': PRESERVE_POD,
  'memory-filesystem': PRESERVE_POD,
  fileless: `${PRESERVE_POD}: the program exists in memory only`,
  netcat: PRESERVE_POD,
  'reverse-shell': `${PRESERVE_POD}, block the remote address`,
  miner: `${PRESERVE_POD}, then look how it got in: the miner is the symptom`,
  'api-server': "check what the pod's service account may do; if the contact is not expected, revoke its tokens",
  credentials: 'assume that what was read has leaked: rotate it, then read who read it',
  'package-manager': 'ask the owner of the workload; if nobody claims it, isolate the pod by NetworkPolicy',
  escape: `treat the node as compromised: ${PRESERVE_NODE}`,
  'kernel-module': `treat the node as compromised: ${PRESERVE_NODE}`,
  backdoor: 'cut SSH to the machine, preserve it, replace liblzma 5.6.0 and 5.6.1 everywhere',
  ptrace: 'find out whether somebody debugs there; if nobody does, isolate the pod by NetworkPolicy',
  'covering-tracks': 'secure the logs that left the machine, then read what happened just before',
  destruction: "stop the process, preserve the volume, check that the backups can't be reached from there",
  ssh: 'check where the connection leads and whose key it uses; if nobody claims it, block it',
  'ssh-key': 'read which key was added and remove it if nobody claims it',
  'packet-socket': 'check whether the workload needs to sniff; if not, isolate the pod by NetworkPolicy',
  'pod-exec': ASK_USER,
  'cluster-admin': `remove the binding unless it was announced; ${ASK_USER}`,
  'privileged-pod': `such a pod owns its node: stop it unless it was announced; ${ASK_USER}`,
  falco: 'check Falco on this node: while it drops events or is silent, an attack there is not seen',
  'other-audit': ASK_USER,
  'other-host': 'read the process and its parents on the node; if nobody claims them, cordon it and preserve its disk',
  'other-container': 'read the process and its parents; if nobody claims them, isolate the pod by NetworkPolicy',
};

/** Of a shell of which the audit log knows who opened it, or that nobody did through the API server. */
const EXPLAINED = 'ask whoever is named here; if it was not them, revoke their credentials and isolate the pod';
const UNEXPLAINED = `treat it as an intruder's: ${PRESERVE_POD}`;

/**
 * What whoever is paged does first, without a leading "First:" and without a full stop.
 * @param shells those of the incident that the alert leads
 */
export function firstStepOf(alert: AlertView, shells: readonly Shell[] = []): string {
  if (shells.length > 0 && shellOf(alert)) {
    if (shells.some(({ unexplained }) => unexplained)) return UNEXPLAINED;
    if (shells.every(({ by }) => by.length > 0)) return EXPLAINED;
  }
  const behaviour = behaviourOf(alert);
  return behaviour === 'watch' ? watchFirstStep(alert) : FIRST_STEPS[behaviour];
}
