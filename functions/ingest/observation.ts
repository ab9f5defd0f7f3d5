/** What ingest says of one attempt at one event to whoever watches. */

import type { Context, FalcoEvent } from '../core/event/alert.ts';
import type { Message } from '../core/event/message.ts';
import type { EventObservation } from '../core/observe.ts';
import { viewOf } from '../core/page/alert-view.ts';
import type { EventRecord } from '../core/ports.ts';
import type { ReasonCode } from '../core/reasons.ts';
import { millisecondsOf } from '../core/time.ts';
import type { Judgement } from './judge.ts';

export interface Attempt {
  message: Message;
  uuid: string;
  /** As receivers may see it. */
  event: FalcoEvent;
  context: Context;
  judgement: Judgement;
  redacted: number;
  /** Absent when the store gave no answer. */
  record: EventRecord | undefined;
  outcome: EventObservation['outcome'];
  reasons: readonly ReasonCode[];
  /** Milliseconds since the epoch. */
  now: number;
}

export function observationOf(attempt: Attempt): EventObservation {
  const { message, uuid, event, context, judgement, redacted, record, outcome, reasons, now } = attempt;
  const fingerprint = record?.fingerprint ?? judgement.fingerprint.fingerprint;
  const view = viewOf({ uuid, fingerprint, event, context, priority: judgement.priority });
  return {
    kind: 'event',
    at: now,
    uuid,
    messageId: message.messageId,
    rule: view.rule,
    source: view.source,
    priority: event.priority,
    effectivePriority: judgement.priority,
    severityReason: judgement.severityReason,
    escalates: judgement.escalates,
    role: record?.role,
    again: record?.again ?? false,
    windowId: record?.windowId,
    fingerprint,
    fingerprintFields: judgement.fingerprint.fields,
    family: judgement.fingerprint.family,
    owed: record?.owed,
    outcome,
    reasons,
    where: view.where,
    enrichment: context.enrichment,
    enrichmentReasons: context.enrichmentReasons,
    lagMs: now - millisecondsOf(event.timeNs),
    redacted,
    output: view.output,
    time: event.time,
  };
}
