/**
 * notify: sends one incident to one receiver, once in effect.
 *
 * The steps: core/message, claim (the delivery record), notification (the incident as it is now), the receiver's
 * adapter, record. A wake-up carries no content: whatever is lost, doubled or late, the record decides.
 */

import type { DeliveryRef } from '../core/delivery.ts';
import { ACKNOWLEDGED, type Answer, type Handler, nack } from '../core/http.ts';
import type { LinkOptions } from '../core/links.ts';
import type { WriteLog } from '../core/log.ts';
import { readMessage } from '../core/message.ts';
import type { Notification } from '../core/notification.ts';
import type { DeliveryObservation, Observe } from '../core/observe.ts';
import { type Park, parkOrNack } from '../core/park.ts';
import {
  type After,
  type Clock,
  type DocumentStore,
  HOLD_MS,
  type Receiver,
  type SendOutcome,
  type Topics,
} from '../core/ports.ts';
import type { ReasonCode } from '../core/reasons.ts';
import { deliveryRef, wake } from '../core/wake.ts';
import { type Claimed, claim } from './claim.ts';
import { notificationOf } from './notification.ts';
import { record } from './record.ts';

/** Send and answer by then, so that the claim of 30 s outlives them. */
const SEND_MS = 20_000;
/** What is left of the claim once a send has ended, however slow the store was to grant it. */
const SPARE_MS = 5_000;

export interface NotifyDeps {
  store: DocumentStore;
  topics: Topics;
  /** Loads a receiver's adapter on first use; undefined for a name that pipeline.yaml does not have. */
  receiver(name: string): Promise<Receiver | undefined>;
  /** Who is told when `name` can't be: its fallback, undefined where there is none. */
  fallbackOf(name: string): string | undefined;
  links: LinkOptions;
  park: Park;
  clock: Clock;
  after: After;
  writeLog: WriteLog;
  observe?: Observe | undefined;
}

export function createNotify(deps: NotifyDeps): Handler {
  return async (request) => {
    const envelope = readMessage(request.body);
    if (!envelope.ok) return parkOrNack(deps.park, { from: 'notify', ...envelope }, envelope.original);
    const { message } = envelope;
    const ref = readRef(message.text);
    if (!ref) {
      const invalid = { from: 'notify', reason: 'notification-invalid', detail: 'not a wake-up' } as const;
      return parkOrNack(deps.park, invalid, { ...message, data: message.text });
    }

    let claimed: Claimed;
    const asked = deps.clock();
    try {
      claimed = await claim(deps.store, ref);
    } catch (error) {
      return unavailable(deps, ref, error as Error);
    }
    if (!claimed.claimed) {
      observe(deps, ref, 0, claimed.retry ? 'held' : 'nothing-due', []);
      return claimed.retry ? nack(claimed.reason) : ACKNOWLEDGED;
    }
    // The claim runs from a moment after it was asked for, by whatever clock.
    const left = HOLD_MS - SPARE_MS - (deps.clock() - asked);
    if (left <= 0) return unavailable(deps, ref, new Error('the claim came too late to be used'));
    const outcome = await send(deps, ref, claimed, Math.min(SEND_MS, left));
    try {
      const recorded = await record(deps.store, ref, claimed, outcome, deps.fallbackOf(ref.receiver));
      say(deps, ref, claimed.want, outcome);
      if (recorded.fallback && !(await wake(deps.topics, [recorded.fallback]))) return nack('pubsub-unavailable');
    } catch (error) {
      return unavailable(deps, ref, error as Error);
    }
    // A fault of configuration is retried by sweep; Pub/Sub's haste would not mend it.
    return outcome.kind === 'retry' ? nack(outcome.reason) : ACKNOWLEDGED;
  };
}

function readRef(text: string): DeliveryRef | undefined {
  try {
    return deliveryRef.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

async function send(
  deps: NotifyDeps,
  ref: DeliveryRef,
  claimed: Claimed & { claimed: true },
  limitMs: number,
): Promise<SendOutcome> {
  let receiver: Receiver | undefined;
  try {
    receiver = await deps.receiver(ref.receiver);
  } catch (error) {
    const detail = `its adapter can't be made: ${(error as Error).name}`;
    return { kind: 'misconfigured', reason: 'receiver-denied', detail };
  }
  if (!receiver) {
    const detail = 'pipeline.yaml has no receiver of this name';
    return { kind: 'misconfigured', reason: 'receiver-unknown', detail };
  }
  let notification: Notification;
  try {
    notification = notificationOf(claimed, deps.links);
  } catch (error) {
    return { kind: 'refused', reason: 'internal', detail: `could not be rendered: ${(error as Error).name}` };
  }
  const abort = new AbortController();
  const cancel = deps.after(limitMs, () => abort.abort());
  try {
    return await receiver.send(notification, abort.signal);
  } catch (error) {
    return { kind: 'retry', reason: 'receiver-unavailable', detail: (error as Error).name };
  } finally {
    cancel();
  }
}

function unavailable(deps: NotifyDeps, ref: DeliveryRef, error: Error): Answer {
  const labels = { receiver: ref.receiver };
  deps.writeLog({ severity: 'ERROR', message: `delivery: ${error.message}`, reason: 'store-unavailable', labels });
  observe(deps, ref, 0, 'nack', ['store-unavailable']);
  return nack('store-unavailable');
}

function say(deps: NotifyDeps, ref: DeliveryRef, want: number, outcome: SendOutcome): void {
  if (outcome.kind === 'delivered') {
    observe(deps, ref, want, 'delivered', []);
    return;
  }
  deps.writeLog({
    severity: outcome.kind === 'retry' ? 'WARNING' : 'ERROR',
    message: `${ref.receiver}: ${outcome.detail}`,
    reason: outcome.reason,
    labels: { receiver: ref.receiver },
  });
  observe(deps, ref, want, outcome.kind, [outcome.reason]);
}

function observe(
  deps: NotifyDeps,
  ref: DeliveryRef,
  want: number,
  outcome: DeliveryObservation['outcome'],
  reasons: readonly ReasonCode[],
): void {
  deps.observe?.({ kind: 'delivery', at: deps.clock(), ...ref, want, outcome, reasons });
}
