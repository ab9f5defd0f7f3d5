/** One run of a plan: the world is built, traffic and faults happen, the faults stop, all comes to rest, and every promise is asked. */

import { createMemory } from '../../functions/adapters/store/memory.ts';
import { IDENTITY } from '../../functions/core/event/attributes.ts';
import type { AlertView } from '../../functions/core/page/notification.ts';
import { originOf, replayOf } from '../../functions/core/replay.ts';
import { perform } from './acts.ts';
import {
  acknowledgedEscalation,
  acknowledgedEvent,
  escalatedLate,
  isLokiAlone,
  sentAgain,
  type Verdict,
} from './at-answer.ts';
import { atEnd, unfinished } from './at-end.ts';
import { incidentWritten } from './at-write.ts';
import { createFaults } from './faults.ts';
import { createFleet } from './fleet.ts';
import { createLedger } from './ledger.ts';
import { createLink } from './link.ts';
import { createLokiModel } from './loki-model.ts';
import type { PubSubModel, PushBody } from './models.ts';
import { WATCHED_MS, wordsOf } from './nodes.ts';
import { RECEIVERS } from './pipelines.ts';
import { type Plan, pipelinesOf } from './plan.ts';
import { createPubSubModel } from './pubsub-model.ts';
import { createRandom } from './random.ts';
import { createReplica } from './store-port.ts';
import { SUBSCRIPTIONS } from './subscriptions.ts';
import { startSweeps } from './sweeps.ts';
import { createTime, ownSurroundings } from './time.ts';
import { createTrace } from './trace.ts';
import { LINE_BYTES, messageOf, type PlannedEvent } from './traffic.ts';

export interface Result {
  seed: string;
  /** What was broken, in words; absent where nothing was. */
  failure?: string;
  trace: string;
  tail: readonly string[];
  events: number;
  sends: number;
  /** Windows whose count stands in Loki. */
  summaries: number;
  rawCopies: number;
  parked: number;
  steps: number;
  faults: Readonly<Record<string, number>>;
}

/** 2026-11-23T09:00:00Z */
const START = 1_795_424_400_000;
/** Small, as traffic is: what Loki recognises as a repetition is soon behind. */
const HEAD_BYTES = 8_000;
const MINUTE = 60_000;
/** All must have come to rest by then: messages wait for up to ten minutes, and several times. */
const REST_WITHIN_MS = 6 * 60 * MINUTE;

/** @param onLine hears each line of the trace as it comes */
export async function run(plan: Plan, onLine?: (line: string) => void): Promise<Result> {
  const random = createRandom(plan.seed);
  const time = createTime(START);
  const trace = createTrace(onLine);
  const giveBack = ownSurroundings(time, random.fork('surroundings'));
  const say = (text: string): void => trace.say(time.now() - START, text);
  let failure: string | undefined;
  const judge = (verdict: Verdict): void => {
    if (verdict === undefined || failure !== undefined) return;
    failure = verdict;
    say(`BROKEN: ${verdict}`);
  };

  let serial = 0;
  const memory = createMemory(() => {
    serial += 1;
    return `w-${serial}`;
  });
  const replica = createReplica(memory);
  const faults = createFaults(plan, time, random.fork('faults'));
  const loki = createLokiModel({ clock: time.now, limits: { lineBytes: LINE_BYTES, headBlockBytes: HEAD_BYTES } });
  const pubsub = createPubSubModel({
    clock: time.now,
    after: time.after,
    random: random.fork('pubsub').next,
    subscriptions: SUBSCRIPTIONS(RECEIVERS, pushed),
    duplicates: plan.duplicates,
    jitterMs: 200,
  });
  const seen = watched(pubsub);
  const ledger = createLedger({
    memory,
    loki,
    pubsub: seen,
    onIncident: (before, incident) => judge(isTakingOver ? undefined : incidentWritten(before, incident)),
  });
  /** The store goes back to what the replica has, which is no write. */
  let isTakingOver = false;
  let storeTroubledAt = Number.NEGATIVE_INFINITY;
  const fleet = createFleet({
    plan,
    time,
    random: random.fork('fleet'),
    faults,
    link: createLink({ time, random: random.fork('link'), faults }),
    memory,
    replica,
    loki,
    pubsub: seen,
    say,
    onSent(sent) {
      const { receiver, notification, process } = sent;
      say(`${process.name} ${notification.type} ${notification.messageId} to ${receiver}`);
      ledger.sent.push(sent);
      judge(sentAgain(sent, ledger, storeTroubledAt));
    },
    onLine(process, { severity, message, reason }) {
      say(`${process.name} ${severity} ${reason ?? ''} ${message}`);
      if (reason === 'internal') judge(`${process.name}: ${message}`);
    },
    onExcess: judge,
    onAnswer(process, status, underWay) {
      if (status === 500) judge(`${process.name} answered 500`);
      if (status !== 429 && underWay > plan.inFlight && process.name.startsWith('ingest/'))
        judge(`${process.name} held ${underWay} events, and may hold ${plan.inFlight}`);
    },
  });

  /** Publishing, with a note of what it was. */
  function watched(model: PubSubModel): PubSubModel {
    return {
      ...model,
      publish(topic, message) {
        const messageId = model.publish(topic, message);
        const identity = message.attributes[IDENTITY] ?? '';
        if (topic === 'falco-retry')
          ledger.retrying.set(identity, (ledger.retrying.get(identity) ?? new Set()).add(messageId));
        if (topic === 'escalations') noteEscalation(JSON.parse(String(message.data)) as AlertView);
        say(`${topic} takes ${messageId} ${identity || message.attributes.uuid || message.attributes.receiver || ''}`);
        return messageId;
      },
    };
  }

  function noteEscalation(alert: AlertView): void {
    const at = ledger.publishedAt.get(alert.uuid);
    if (at !== undefined && !ledger.escalated.has(alert.uuid)) judge(escalatedLate(alert.uuid, time.now() - at, plan));
    ledger.escalated.set(alert.uuid, alert);
  }

  /** A push reaches a function; what its answer acknowledges must be durable at that moment. */
  async function pushed(name: 'ingest' | 'escalate' | 'notify', body: PushBody): Promise<number> {
    const { messageId, attributes } = body.message;
    const status = await fleet.call(name, body);
    const isAcknowledged = status >= 200 && status < 300;
    say(`${name} answers ${status} to ${messageId}`);
    if (!isAcknowledged) return status;
    if (name === 'escalate') judge(acknowledgedEscalation(body, memory, ledger));
    if (name === 'ingest') {
      const identity = ledger.identityOf.get(messageId) ?? attributes[IDENTITY] ?? '';
      ledger.retrying.get(identity)?.delete(messageId);
      judge(acknowledgedEvent(identity, memory, ledger));
    }
    return status;
  }

  function publish(event: PlannedEvent): void {
    const message = messageOf(event, time.now());
    ledger.published.set(event.identity, event);
    ledger.publishedAt.set(event.identity, time.now());
    for (let copy = 0; copy < event.copies; copy += 1)
      ledger.identityOf.set(seen.publish('falco-events', message), event.identity);
  }

  /** As `npm run replay -- --publish` does. */
  function replayParked(): void {
    for (const [index, { identity, message }] of [...ledger.parked()].entries()) {
      const { topic } = originOf(message.attributes);
      if (!topic) continue;
      const parked = { ...message, data: Buffer.from(message.data), messageId: `parked-${index}`, ackId: '' };
      const id = seen.publish(topic, replayOf(parked, plan.seed));
      if (topic === 'falco-events') ledger.identityOf.set(id, identity || identityIn(message.data));
    }
  }

  for (const event of [...plan.events, ...wordsOf(plan.nodes, plan.forMs)]) time.after(event.at, () => publish(event));
  for (const act of plan.acts) time.after(act.at, () => perform(act, { fleet, memory, random, say }));
  for (const fault of plan.faults) {
    const process = (): ReturnType<typeof fleet.processAt> => fleet.processAt(fault.port);
    if (fault.how === 'crash') time.after(fault.at, () => hit('crash', () => process()?.crash()));
    if (fault.how === 'stall') time.after(fault.at, () => hit('stall', () => process()?.stall(fault.forMs)));
    if (fault.how === 'failover' || fault.how === 'replica-away') {
      time.after(fault.at, () => replica.goAway());
      time.after(fault.at + fault.forMs, () =>
        hit(`store ${fault.how}`, () => {
          storeTroubledAt = time.now();
          if (fault.how === 'replica-away') return replica.comeBack();
          isTakingOver = true;
          replica.takeOver();
          ledger.forget();
          isTakingOver = false;
        }),
      );
    }
  }
  function hit(name: string, act: () => void): void {
    faults.count(name);
    say(name);
    act();
  }

  const sweeps = startSweeps({ fleet, faults, time, say });
  const left = (): string[] => [
    ...unfinished({ memory, now: time.now() }),
    ...fleet.unanswered,
    ...(pubsub.unacknowledged() > 0 ? [`${pubsub.unacknowledged()} messages are not acknowledged`] : []),
  ];
  const watchedUntil = START + plan.forMs + WATCHED_MS;
  let replayedAt: number | undefined;
  const isBroken = (): boolean => failure !== undefined;

  /** Runs until all has come to rest, looked at once a minute. */
  async function rest(): Promise<void> {
    const end = time.now() + REST_WITHIN_MS;
    // Half-way between two sweeps.
    await time.run(time.now() + MINUTE / 2 - ((time.now() - START) % MINUTE), isBroken);
    while (!isBroken() && time.now() < end) {
      await time.run(time.now() + MINUTE, isBroken);
      if (left().length === 0) return;
    }
    judge(`it does not come to rest: ${left().slice(0, 5).join('; ')}`);
  }

  try {
    await time.run(START + plan.forMs, isBroken);
    faults.stop();
    pubsub.setDuplicates(0);
    replica.comeBack();
    say('the faults are over');
    if (plan.nodes.length > 0) await time.run(watchedUntil, isBroken);
    await rest();
    // What is parked is replayed; what is parked again stays so.
    if (!isBroken() && ledger.parked().length > 0) {
      sweeps.slow();
      await time.run(time.now() + plan.replayAfterMs, isBroken);
      sweeps.usual();
      replayedAt = time.now();
      replayParked();
      await rest();
    }
    // The tiers that are due by then.
    await time.run(time.now() + 12 * MINUTE, isBroken);
    await rest();
    if (!isBroken())
      judge(
        atEnd({
          memory,
          ledger,
          now: time.now(),
          sweptAt: sweeps.doneAt,
          replayedAt,
          isLokiAlone: isLokiAlone(plan),
          pipelines: pipelinesOf(plan),
          nodes: plan.nodes,
          watchedUntil,
        }),
      );
    if (!isBroken() && fleet.waiting.length > 0) judge(`at rest, and ${fleet.waiting.join('; ')}`);
  } catch (error) {
    judge((error as Error).stack ?? String(error));
  }
  await giveBack();
  const copies = [...ledger.inLoki().values()].reduce((sum, counted) => sum + counted.copies - 1, 0);
  return {
    seed: plan.seed,
    ...(failure === undefined ? {} : { failure }),
    trace: trace.digest(),
    tail: trace.tail(60),
    events: ledger.published.size,
    sends: ledger.sent.length,
    summaries: [...ledger.inLoki().keys()].filter((uuid) => ledger.summaries.has(uuid)).length,
    rawCopies: copies,
    parked: ledger.parked().length,
    steps: time.steps,
    faults: faults.counts,
  };
}

function identityIn(data: Uint8Array | string): string {
  return (JSON.parse(Buffer.from(data).toString()) as { uuid?: string }).uuid ?? '';
}
