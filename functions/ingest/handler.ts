/**
 * ingest: takes one Falco event from Pub/Sub to Loki, and to escalate what people must see.
 *
 * The steps, a file each: admission, message, event, enrich, redact, judge, entry, mark, claim, then side by side
 * escalation, write and last-word, and settling; commit shares the round trips of claims and settlements. The
 * message is acknowledged when nothing is owed any more; docs/protocol.md describes the state machine.
 */

import type { Admission } from '../core/admission.ts';
import type { Context, FalcoEvent, LogEntry } from '../core/event/alert.ts';
import { carried, IDENTITY, REPLAY, RETRY, UNCLAIMED } from '../core/event/attributes.ts';
import { type Message, type MessageResult, readMessage } from '../core/event/message.ts';
import { ACKNOWLEDGED, type Answer, type Handler, nack, OVERLOADED } from '../core/http.ts';
import { defectOf, type WriteLog } from '../core/log.ts';
import type { EventObservation, Observe } from '../core/observe.ts';
import type { AlertView } from '../core/page/notification.ts';
import { type Park, parkOrNack } from '../core/park.ts';
import type { Clock, EventRecord, Log, Topics } from '../core/ports.ts';
import type { ReasonCode } from '../core/reasons.ts';
import { claimOf, isTooLarge } from './claim.ts';
import type { StoreLanes } from './commit.ts';
import { entryOf } from './entry.ts';
import { readEvent } from './event.ts';
import type { Explain } from './explain.ts';
import { identityOf } from './identity.ts';
import { type Judgement, type JudgeOptions, judge } from './judge.ts';
import { type BoundLabels, createLabelBound } from './label-bound.ts';
import type { LastWord } from './last-word.ts';
import { type AskMuted, judgedView, mark } from './mark.ts';
import { observationOf } from './observation.ts';
import { countParked } from './parked-word.ts';
import type { Redactor } from './redact.ts';
import { CLAIMED_RULE, type Suspicion } from './suspicion.ts';
import { write } from './write.ts';

export interface IngestDeps {
  admission: Admission;
  enricher: { enrich(event: FalcoEvent, attributes: Readonly<Record<string, string>>): Promise<Context> | Context };
  redactor: Redactor;
  redact: { loki: boolean; receivers: boolean };
  judge: JudgeOptions;
  suspicion: Suspicion;
  explain: Explain;
  muted: AskMuted;
  lastWord: LastWord;
  store: StoreLanes;
  log: Log;
  topics: Topics;
  park: Park;
  clock: Clock;
  writeLog: WriteLog;
  observe?: Observe | undefined;
}

/** One event on its way, as far as it was understood. */
interface Passage {
  message: Message;
  uuid: string;
  /** As receivers may see it, and as Loki may. */
  event: FalcoEvent;
  logged: FalcoEvent;
  context: Context;
  judgement: Judgement;
  entry: LogEntry;
  redacted: number;
  /** What escalates, as people see it. */
  view?: AlertView;
}

type Ending = { answer: Answer; outcome: EventObservation['outcome']; reasons: readonly ReasonCode[] };

export function createIngest(deps: IngestDeps): Handler {
  const bound = createLabelBound();
  return ({ rawBody, body, admitted }) => {
    const leave = admitted ? () => {} : deps.admission.enter(rawBody?.length ?? 0);
    if (!leave) return Promise.resolve(OVERLOADED);
    try {
      return ingest(deps, bound, readMessage(body, rawBody), leave);
    } catch (error) {
      leave();
      return Promise.reject(error);
    }
  };
}

/**
 * A repeat, as nearly all events are, awaits its claim and nothing else: more promises would cost more than the steps.
 * It is not given the request, which would be held as long as it waits, and cost the garbage collector more than the steps.
 */
async function ingest(
  deps: IngestDeps,
  bound: BoundLabels,
  envelope: MessageResult,
  leave: () => void,
): Promise<Answer> {
  try {
    if (!envelope.ok) return await parkOrNack(deps.park, { from: 'ingest', ...envelope }, envelope.original);
    const { message } = envelope;
    const read = readEvent(message.text);
    if (!read.ok) {
      const parked = await parkOrNack(deps.park, { from: 'ingest', ...read }, { ...message, data: message.text });
      return await countParked(deps, parked, read.origin, message);
    }

    let passage: Passage;
    try {
      const context = deps.enricher.enrich(read.event, message.attributes);
      passage = understand(deps, message, read, context instanceof Promise ? await context : context);
      passage.entry = bound(passage.entry, passage.context.clusterStatus === 'listed');
      if (passage.judgement.escalates) Object.assign(passage, await mark(passage, deps.muted));
    } catch (error) {
      // The same steps would throw again: parked with its reason it waits for a release that mends them.
      deps.writeLog({ severity: 'CRITICAL', message: `unexpected: ${defectOf(error)}`, reason: 'internal' });
      const failure = { from: 'ingest', reason: 'internal', detail: 'a step failed on this event' } as const;
      const parked = await parkOrNack(deps.park, failure, { ...message, data: message.text });
      return await countParked(deps, parked, read.event, message);
    }
    if (isTooLarge(passage.entry)) {
      const ending = await withoutClaim(deps, passage);
      if (ending.outcome === 'parked') deps.lastWord.arrived(passage.event, passage.context);
      return observed(deps, passage, undefined, ending);
    }

    let record: EventRecord;
    try {
      record = await deps.store.claim(
        claimOf({ ...passage, event: passage.logged, replay: message.attributes[REPLAY] === '1' }, deps.clock()),
      );
    } catch (error) {
      deps.lastWord.doubt(passage.event, passage.context);
      return observed(deps, passage, undefined, await withoutStore(deps, passage, error as Error));
    }
    const { owed, again } = record;
    const recorded = deps.lastWord.hear(passage, again);
    const alerts = again ? [] : deps.suspicion.of(passage.event, passage.context);
    const explain = deps.explain(passage);
    const owing = owed.log || owed.escalation || alerts.length > 0 || explain;
    const ending = owing ? await payWhatIsOwed(deps, passage, record, alerts, explain) : nothingOwed(record);
    if (recorded) await recorded;
    return observed(deps, passage, record, ending);
  } finally {
    leave();
  }
}

function understand(
  deps: IngestDeps,
  message: Message,
  { event: said, raw }: { event: FalcoEvent; raw: string },
  context: Context,
): Passage {
  const uuid = identityOf(said, message);
  const { event: safe, line, replaced: redacted } = deps.redactor.redact(raw, said);
  const judgement = judge(safe, context, deps.judge);
  const entry = entryOf(uuid, safe, deps.redact.loki ? line : raw, context, judgement.priority, deps.clock());
  const event = deps.redact.receivers ? safe : said;
  const logged = deps.redact.loki ? safe : said;
  return { message, uuid, event, logged, context, judgement, entry, redacted };
}

/** Escalation and log go side by side: an outage of Loki delays no page, an outage of paging no log line. */
async function payWhatIsOwed(
  deps: IngestDeps,
  passage: Passage,
  record: EventRecord,
  suspicions: readonly AlertView[],
  explain: (() => Promise<void>) | undefined,
): Promise<Ending> {
  const { owed } = record;
  const [escalated, written] = await Promise.all([
    owed.escalation ? escalate(deps, passage, record.fingerprint) : true,
    owed.log ? write(deps.log, record, passage.entry) : undefined,
    explain?.(),
    ...suspicions.map((alert) => suspect(deps, alert)),
  ]);
  if (!owed.log && !owed.escalation) return nothingOwed(record);
  const reasons: ReasonCode[] = escalated ? [] : ['pubsub-unavailable'];
  let outcome: EventObservation['outcome'] = record.role === 'repeat' ? 'repeat' : 'written';
  let acknowledge = escalated;
  let parked = false;
  let handedOver = false;
  if (written?.kind === 'refused') {
    outcome = 'parked';
    reasons.push('loki-refused');
    parked = await parkKnown(deps, passage, 'loki-refused', written.detail);
    acknowledge &&= parked;
  } else if (written?.kind === 'unavailable') {
    outcome = 'retry';
    reasons.push(written.reason);
    deps.writeLog({ severity: 'WARNING', message: `Loki: ${written.detail}`, reason: written.reason });
    // Only after the escalation: the retry subscription is slow, and a page must not wait for Loki.
    handedOver = escalated && (await handOver(deps, passage));
    acknowledge &&= handedOver;
  }
  const settledLog = parked || written?.kind === 'stored';
  const settlement = { uuid: passage.uuid, log: settledLog, escalation: owed.escalation && escalated, parked };
  if (settlement.log || settlement.escalation) {
    const settled = await deps.store.settle(settlement).then(
      () => true,
      (error: Error) => failure(deps, `settle: ${error.message}`, 'store-unavailable'),
    );
    if (!settled) {
      reasons.push('store-unavailable');
      acknowledge = false;
    }
  }
  return acknowledge
    ? { answer: ACKNOWLEDGED, outcome, reasons }
    : { answer: nack(reasons[0] ?? 'pubsub-unavailable'), outcome: 'nack', reasons };
}

function nothingOwed({ again }: EventRecord): Ending {
  return { answer: ACKNOWLEDGED, outcome: again ? 'redelivery' : 'repeat', reasons: [] };
}

/** The store is what keeps an event from paging twice; without it, twice is better than never. */
async function withoutStore(deps: IngestDeps, passage: Passage, error: Error): Promise<Ending> {
  deps.writeLog({ severity: 'ERROR', message: `claim: ${error.message}`, reason: 'store-unavailable' });
  const { escalates, fingerprint } = passage.judgement;
  const reasons: ReasonCode[] = ['store-unavailable'];
  if (escalates && !(await escalate(deps, passage, fingerprint.fingerprint, { [UNCLAIMED]: '1' })))
    reasons.push('pubsub-unavailable');
  return { answer: nack('store-unavailable'), outcome: 'nack', reasons };
}

/** What no store can hold is parked as it came, and pages all the same: escalate counts it once by its identity. */
async function withoutClaim(deps: IngestDeps, passage: Passage): Promise<Ending> {
  const { escalates, fingerprint } = passage.judgement;
  const reasons: ReasonCode[] = ['event-too-large'];
  const escalated = !escalates || (await escalate(deps, passage, fingerprint.fingerprint, { [UNCLAIMED]: '1' }));
  if (escalated && (await parkKnown(deps, passage, 'event-too-large', `${passage.entry.line.length} characters`))) {
    return { answer: ACKNOWLEDGED, outcome: 'parked', reasons };
  }
  return { answer: nack('pubsub-unavailable'), outcome: 'nack', reasons: [...reasons, 'pubsub-unavailable'] };
}

/** Not owed by the event: the origin's next event says it again. */
async function suspect(deps: IngestDeps, alert: AlertView): Promise<void> {
  if (!(await publishEscalation(deps, alert))) return;
  deps.suspicion.told(alert);
  if (alert.rule === CLAIMED_RULE)
    deps.writeLog({
      severity: 'WARNING',
      message: "an event came in the relay's own name",
      reason: 'event-claims-relay',
    });
}

function escalate(deps: IngestDeps, passage: Passage, fingerprint: string, marks = {}): Promise<boolean> {
  const view = passage.view ? { ...passage.view, fingerprint } : judgedView(passage, fingerprint);
  return publishEscalation(deps, view, marks);
}

async function publishEscalation(deps: IngestDeps, view: AlertView, marks = {}): Promise<boolean> {
  const { uuid } = view;
  try {
    await deps.topics.publish('escalations', { data: JSON.stringify(view), attributes: { uuid, ...marks } });
    return true;
  } catch (error) {
    return failure(deps, `escalation: ${(error as Error).message}`, 'pubsub-unavailable', { uuid });
  }
}

/** Says why the message will come again. */
function failure(deps: IngestDeps, message: string, reason: ReasonCode, labels?: Record<string, string>): false {
  deps.writeLog({ severity: 'ERROR', message, reason, ...(labels ? { labels } : {}) });
  return false;
}

async function parkKnown(
  deps: IngestDeps,
  { message, uuid }: Passage,
  reason: ReasonCode,
  detail: string,
): Promise<boolean> {
  try {
    const { attributes, messageId, text: data } = message;
    await deps.park({ from: 'ingest', reason, detail, data, attributes, messageId, uuid });
    return true;
  } catch {
    return false;
  }
}

/** A message that came from the retry topic goes back to it by a nack: its subscription has the patience. */
async function handOver(deps: IngestDeps, { message, uuid }: Passage): Promise<boolean> {
  if (message.attributes[RETRY] === '1') return false;
  const attributes = carried(message.attributes, { [RETRY]: '1', [IDENTITY]: uuid });
  try {
    await deps.topics.publish('retry', { data: message.text, attributes });
    return true;
  } catch (error) {
    return failure(deps, `retry: ${(error as Error).message}`, 'pubsub-unavailable');
  }
}

function observed(deps: IngestDeps, passage: Passage, record: EventRecord | undefined, ending: Ending): Answer {
  deps.observe?.(observationOf({ ...passage, ...ending, record, now: deps.clock() }));
  return ending.answer;
}
