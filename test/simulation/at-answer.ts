/** What must hold whenever something is acknowledged or sent: nothing is acknowledged before it is durable, nothing rings twice. */

import type { Memory } from '../../functions/adapters/store/memory.ts';
import { HOLD_MS } from '../../functions/core/ports.ts';
import type { Ledger } from './ledger.ts';
import type { PushBody } from './models.ts';
import type { Plan } from './plan.ts';
import type { Sent } from './receivers-port.ts';

/** A broken promise, in words; undefined where it is kept. */
export type Verdict = string | undefined;

/** Of an event whose message was acknowledged, after the message is off the subscription. */
export function acknowledgedEvent(identity: string, memory: Memory, ledger: Ledger): Verdict {
  const record = memory.records.get(identity);
  if (!record) return ledger.isParked(identity) ? undefined : `${identity} acknowledged without a record`;
  if (record.escalation) return `${identity} acknowledged, and its escalation is owed`;
  const inLoki = ledger.inLoki();
  const isParked = ledger.isParked(identity);
  if (record.log) {
    const isHandedOver = (ledger.retrying.get(identity)?.size ?? 0) > 0 || isParked;
    return isHandedOver ? undefined : `${identity} acknowledged, owed to Loki, and nobody will try again`;
  }
  if (record.role !== 'repeat') {
    return inLoki.has(identity) || isParked ? undefined : `${identity} acknowledged as ${record.role}, and not in Loki`;
  }
  const { windowId } = record;
  const isCounted =
    memory.tallies.has(windowId) || memory.summaries.has(windowId) || inLoki.has(windowId) || ledger.isParked(windowId);
  return isCounted ? undefined : `${identity} acknowledged as a repeat of a window that is gone`;
}

export function acknowledgedEscalation({ message }: PushBody, memory: Memory, ledger: Ledger): Verdict {
  const uuid = message.attributes.uuid ?? '';
  if (memory.documents.has(`X:${uuid}`)) return undefined;
  return ledger.escalated.has(uuid) ? `${uuid} acknowledged by escalate, and counted nowhere` : undefined;
}

const MANY = 1_000;

/**
 * A page that was sent before. It must not be sent again, unless its sender died, stood still or could not reach the store
 * until it was sent again, or the second sender did while it held the claim, or the answer was lost, or the store lost what
 * it was told.
 */
export function sentAgain(sent: Sent, ledger: Ledger, storeTroubledAt: number): Verdict {
  const { notification, receiver } = sent;
  if (notification.type !== 'page' || notification.groupKey.endsWith('#down')) return undefined;
  const same = ledger.sent.filter(
    (each) => each.receiver === receiver && each.notification.messageId === notification.messageId,
  );
  const before = same.findLast((each) => each !== sent && each.notification.type === 'page');
  if (!before || before.answerLost) return undefined;
  const isExcused =
    before.process.wasTroubled(before.at, sent.at) ||
    sent.process.wasTroubled(sent.at - HOLD_MS, sent.at) ||
    storeTroubledAt >= before.at;
  return isExcused ? undefined : `${notification.messageId} rang at ${receiver} twice without a reason`;
}

/** An instance that holds few events says that it is full, which delays what it holds. */
export const isLokiAlone = ({ faults, inFlight }: Plan): boolean =>
  inFlight >= MANY && faults.every(({ port }) => port === 'loki');

/** Two round trips, the time that enrichment may take, and what the network now and then takes. */
const USUAL_MS = 3_000;

/**
 * Of an alert that was just published, `agoMs` after its event: where Loki is the only thing that fails, people are told as
 * soon as ever.
 */
export function escalatedLate(uuid: string, agoMs: number, plan: Plan): Verdict {
  if (!isLokiAlone(plan) || agoMs <= USUAL_MS) return undefined;
  return `${uuid} was escalated ${agoMs} ms after its event, and nothing failed but Loki`;
}
