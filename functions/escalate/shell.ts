/** Shell: who opened the shells that are being counted, as far as the audit records told before say so. */

import type { Incident } from '../core/incident/incident.ts';
import type { AlertView } from '../core/page/notification.ts';
import type { Transaction } from '../core/ports.ts';
import { type PodRef, shellOf } from '../core/who/exec.ts';
import { ask, type PodRecord } from '../core/who/who.ts';
import { podKey, readAudited, readPod, writePod } from '../core/who/who-documents.ts';

/** An incident asks of few shells, and one transaction reads no more pods than those have. */
const MAX_PODS = 4;

interface PodState {
  pod: PodRef;
  audited: boolean;
  read: PodRecord;
  record: PodRecord;
}

/** What is known of the pods in which shells were opened, by key. */
export type Pods = ReadonlyMap<string, PodState>;

/** Alerts of anything but a shell read nothing. */
export async function readPods(tx: Transaction, alerts: readonly AlertView[]): Promise<Pods> {
  const pods = new Map<string, PodRef>();
  for (const alert of alerts) {
    const shell = shellOf(alert);
    if (shell && pods.size < MAX_PODS) pods.set(podKey(shell.pod), shell.pod);
  }
  const states = [...pods].map(async ([key, pod]): Promise<[string, PodState]> => {
    const [record, audited] = await Promise.all([readPod(tx, pod), readAudited(tx, pod)]);
    return [key, { pod, audited, read: record, record }];
  });
  return new Map(await Promise.all(states));
}

/** The incident with what is known of the shell that it has just counted; itself for any other alert. */
export function withShell(incident: Incident, alert: AlertView, pods: Pods, now: number): Incident {
  const shell = shellOf(alert);
  const state = shell && pods.get(podKey(shell.pod));
  const asked = shell && state && ask(incident, state.record, shell, state.audited, now);
  if (!asked) return incident;
  state.record = asked.record;
  return asked.incident;
}

export function writePods(tx: Transaction, pods: Pods): void {
  for (const { pod, read, record } of pods.values()) if (record !== read) writePod(tx, pod, record);
}
