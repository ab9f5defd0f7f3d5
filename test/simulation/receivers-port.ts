/** Receivers as one process sees them; what they took is in the ledger, whatever they answered. */

import type { Notification } from '../../functions/core/page/notification.ts';
import type { Receiver, SendOutcome } from '../../functions/core/ports.ts';
import type { Faults } from './faults.ts';
import { IDEMPOTENT, RECEIVERS } from './pipelines.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';
import type { Time } from './time.ts';

/** A message that a receiver took. */
export interface Sent {
  at: number;
  receiver: string;
  notification: Notification;
  process: Process;
  /** The receiver took it, and its answer never came. */
  answerLost: boolean;
}

export interface ReceiverPortDeps {
  process: Process;
  time: Time;
  random: Random;
  faults: Faults;
  onSent(sent: Sent): void;
}

/** Answers that a receiver gives instead of taking the message. */
const REFUSALS: Readonly<Record<string, SendOutcome>> = {
  unavailable: { kind: 'retry', reason: 'receiver-unavailable', detail: '503' },
  throttled: { kind: 'retry', reason: 'receiver-throttled', detail: '429', afterMs: 7_000 },
  misconfigured: { kind: 'misconfigured', reason: 'receiver-denied', detail: '403' },
  rejected: { kind: 'refused', reason: 'receiver-refused', detail: '400' },
};
const ABORTED: SendOutcome = { kind: 'retry', reason: 'receiver-unavailable', detail: 'aborted' };

export function createReceiverPorts(deps: ReceiverPortDeps): Receiver[] {
  return RECEIVERS.map((name) => ({
    name,
    kind: 'simulated',
    idempotent: IDEMPOTENT.includes(name),
    send: (notification, signal) => send(deps, name, notification, signal),
  }));
}

function send(
  { process, time, random, faults, onSent }: ReceiverPortDeps,
  receiver: string,
  notification: Notification,
  signal: AbortSignal,
): Promise<SendOutcome> {
  const how = faults.roll(`receiver/${receiver}`);
  const refusal = REFUSALS[how ?? ''];
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(ABORTED));
    if (how === 'hang') return;
    time.after(random.between(5, 300), () => {
      // It left a moment ago: a process that died since then has sent it all the same.
      if (!process.alive && random.chance(0.5)) return;
      const answerLost = how === 'answer-lost';
      if (!refusal) onSent({ at: time.now(), receiver, notification, process, answerLost });
      if (answerLost) return;
      const outcome = refusal ?? { kind: 'delivered', reference: { ts: String(time.now()) } };
      time.after(random.between(5, 60), () => process.resume(() => resolve(outcome)));
    });
  });
}
