/**
 * notify: sends one incident to one receiver, once in effect.
 *
 * The steps: message, claim (the delivery record), notification (the incident as it is now), the receiver's
 * adapter, record. A wake-up carries no content: whatever is lost, doubled or late, the record decides.
 */

import { readMessage } from '../core/event/message.ts';
import { ACKNOWLEDGED, type Answer, type Handler, nack } from '../core/http.ts';
import type { DeliveryRef } from '../core/incident/delivery.ts';
import type { DownNotice } from '../core/incident/down.ts';
import { deliveryRef, wake } from '../core/incident/wake.ts';
import { jsonIn } from '../core/json.ts';
import type { WriteLog } from '../core/log.ts';
import type { DeliveryObservation, Observe } from '../core/observe.ts';
import type { LinkOptions } from '../core/page/links.ts';
import type { Notification } from '../core/page/notification.ts';
import { type Park, parkOrNack } from '../core/park.ts';
import { pause } from '../core/pause.ts';
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
import { createGuard, type Guard } from './breakers.ts';
import { type Claimed, claim } from './claim.ts';
import { downNotification, readDown } from './down.ts';
import { notificationOf } from './notification.ts';
import { record } from './record.ts';

/** Send and answer by then, so that the claim of 30 s outlives them. */
const SEND_MS = 20_000;
/** What is left of the claim once a send has ended, however slow the store was to grant it. */
const SPARE_MS = 5_000;
/** Between two attempts at a record. */
const RECORD_AGAIN_MS = 1_000;

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
  const guard = createGuard(deps.clock);
  return async (request) => {
    const envelope = readMessage(request.body, request.rawBody);
    if (!envelope.ok) return parkOrNack(deps.park, { from: 'notify', ...envelope }, envelope.original);
    const { message } = envelope;
    const ref = readRef(message.text);
    const down = ref ? undefined : readDown(message.text);
    if (down) return pageWithoutRecord(deps, down, guard);
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
    const render = (): Notification => notificationOf(claimed, deps.links);
    const limit = Math.min(SEND_MS, left);
    const outcome = await guard(ref.receiver, () => send(deps, ref.receiver, render, limit));
    try {
      const write = () => record(deps.store, ref, claimed, outcome, deps.fallbackOf(ref.receiver));
      const recorded = await persist(deps, write, asked + HOLD_MS);
      say(deps, ref, claimed.want, outcome);
      if (recorded.fallback && !(await wake(deps.topics, [recorded.fallback]))) return nack('pubsub-unavailable');
    } catch (error) {
      return unavailable(deps, ref, error as Error);
    }
    // A fault of configuration is retried by sweep; Pub/Sub's haste would not mend it.
    return outcome.kind === 'retry' ? nack(outcome.reason) : ACKNOWLEDGED;
  };
}

/**
 * A send that is not recorded is made again, so its record is tried for as long as the claim keeps others away. Safe to
 * repeat after an answer that was lost: a record only raises `sent`.
 */
async function persist<T>({ clock, after }: NotifyDeps, write: () => Promise<T>, until: number): Promise<T> {
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (clock() + RECORD_AGAIN_MS >= until) throw error;
      await pause(after, RECORD_AGAIN_MS);
    }
  }
}

function readRef(text: string): DeliveryRef | undefined {
  return deliveryRef.safeParse(jsonIn(text)).data;
}

/** While the store is down: only to receivers that drop a second one, since nothing remembers the first. */
async function pageWithoutRecord(deps: NotifyDeps, down: DownNotice['down'], guard: Guard): Promise<Answer> {
  const name = down.receiver;
  const receiver = await deps.receiver(name).catch(() => undefined);
  // The others are told once the store is back: the alert itself comes again until it is counted.
  if (!receiver?.idempotent) return ACKNOWLEDGED;
  const render = (): Notification => downNotification(down, deps.links, deps.clock());
  const outcome = await guard(name, () => send(deps, name, render, SEND_MS));
  const labels = { receiver: name };
  if (outcome.kind === 'delivered') {
    const message = `${name}: paged without the store`;
    deps.writeLog({ severity: 'WARNING', message, reason: 'store-unavailable', labels });
    return ACKNOWLEDGED;
  }
  deps.writeLog({ severity: 'ERROR', message: `${name}: ${outcome.detail}`, reason: outcome.reason, labels });
  return outcome.kind === 'retry' ? nack(outcome.reason) : ACKNOWLEDGED;
}

async function send(deps: NotifyDeps, name: string, render: () => Notification, limitMs: number): Promise<SendOutcome> {
  let receiver: Receiver | undefined;
  try {
    receiver = await deps.receiver(name);
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
    notification = render();
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
