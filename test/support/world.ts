/** The relay with everything around it in memory, and faults where a test wants them. */

import { createMemoryStore } from '../../functions/adapters/store/memory.ts';
import { type Config, loadConfig, parsePipeline } from '../../functions/config.ts';
import type { LogEntry } from '../../functions/core/event/alert.ts';
import type { Answer } from '../../functions/core/http.ts';
import type { LogLine } from '../../functions/core/log.ts';
import type { Observation } from '../../functions/core/observe.ts';
import type { AlertView, Notification } from '../../functions/core/page/notification.ts';
import type {
  After,
  Log,
  OutgoingMessage,
  PushOutcome,
  Receiver,
  SendOutcome,
  Store,
  Topic,
} from '../../functions/core/ports.ts';
import { createRelay, type FunctionName } from '../../functions/wire.ts';
import { SHELL } from './alerts.ts';
import { CLUSTER_ATTRIBUTES, eventText, pushOf, shellEvent } from './events.ts';
import { fakeAfter } from './time.ts';

export const PIPELINE = `
severity: [{ match: ['rule="Terminal shell in container"'], priority: Critical, reason: production }]
route: { receiver: oncall }
receivers:
  - { name: oncall, fallback: leads, webhook: { url: 'https://oncall.acme.example/' } }
  - { name: leads, webhook: { url: 'https://leads.acme.example/' } }
`;

/** 2026-11-23T09:00:05Z: a moment after the shell. */
export const START = 1_795_424_405_000;

export const LOKI_DOWN = { kind: 'unavailable', reason: 'loki-unavailable', detail: 'connection refused' } as const;

/** What fails, asked before each call; `after` the effect, the answer is lost. */
export interface Faults {
  claim?: 'before' | 'after';
  settle?: 'before' | 'after';
  push?: PushOutcome | 'lost' | ((entry: LogEntry) => PushOutcome | undefined | Promise<undefined>);
  /** Of what sweep says of incidents and deliveries. */
  report?: PushOutcome;
  has?: 'fails';
  /** A promise is waited for first. */
  publish?: Partial<Record<Topic, 'before' | 'after' | Promise<void>>>;
  transact?: 'before' | 'after';
  deleteSummary?: 'before' | 'after';
  closeWindows?: 'before' | 'after';
}

export interface WorldOptions {
  /** pipeline.yaml's text. */
  pipeline?: string;
  /** Shared with another world, as instances share a store. */
  memory?: Store;
  /** The receivers there are. */
  receivers?: readonly string[];
  /** Those that drop a second send of the same page. */
  idempotent?: readonly string[];
  /** Shared with a store that lives by it. */
  time?: ReturnType<typeof fakeAfter>;
}

export function world({
  pipeline = PIPELINE,
  memory: shared,
  receivers = ['oncall', 'leads'],
  time = fakeAfter(START),
  idempotent = [],
}: WorldOptions = {}) {
  // A pause before another attempt is over at once; only patience that ends is the clock's.
  const pauses: After = (ms, run) => {
    if (ms >= 1_000) return time.after(ms, run);
    const turn = setImmediate(run);
    return () => clearImmediate(turn);
  };
  const memory = shared ?? createMemoryStore(time.clock, pauses);
  const faults: Faults = {};
  const stored: LogEntry[] = [];
  const reported: LogEntry[] = [];
  const published: { topic: Topic; message: OutgoingMessage }[] = [];
  const sent: Notification[] = [];
  const answers: Record<string, SendOutcome | undefined> = {};
  const observations: Observation[] = [];
  const lines: LogLine[] = [];
  const calls: string[] = [];

  async function faulty<T>(when: 'before' | 'after' | Promise<void> | undefined, act: () => Promise<T>): Promise<T> {
    if (typeof when === 'object') await when;
    if (when === 'before') throw new Error('the connection was refused');
    const result = await act();
    if (when === 'after') throw new Error('the answer was lost');
    return result;
  }

  const store: Store = {
    ...memory,
    claim: (claims) => {
      calls.push('claim');
      return faulty(faults.claim, () => memory.claim(claims));
    },
    settle: (settlements) => {
      calls.push('settle');
      return faulty(faults.settle, () => memory.settle(settlements));
    },
    transact: (body) => faulty(faults.transact, () => memory.transact(body)),
    closeWindows: (limit) => faulty(faults.closeWindows, () => memory.closeWindows(limit)),
    deleteSummary: (id) => faulty(faults.deleteSummary, () => memory.deleteSummary(id)),
  };
  const log: Log = {
    async push(entry) {
      if (entry.labels.service_name !== undefined) {
        if (faults.report) return faults.report;
        reported.push(entry);
        return { kind: 'stored' };
      }
      calls.push('push');
      if (faults.push === 'lost') {
        stored.push(entry);
        return { kind: 'unavailable', reason: 'loki-unavailable', detail: 'the answer was lost' };
      }
      const fault = typeof faults.push === 'function' ? await faults.push(entry) : faults.push;
      if (fault) return fault;
      stored.push(entry);
      return { kind: 'stored' };
    },
    async has(entry) {
      calls.push('has');
      if (faults.has) throw new Error('Loki is down');
      return stored.some(({ metadata }) => metadata.uuid === entry.metadata.uuid);
    },
  };
  const topics = {
    publish(topic: Topic, message: OutgoingMessage) {
      calls.push(`publish ${topic}`);
      return faulty(faults.publish?.[topic], async () => void published.push({ topic, message }));
    },
  };
  const hanging = new Set<string>();
  let onSend: (receiver: string) => void = () => {};
  const hang = (signal: AbortSignal): Promise<SendOutcome> =>
    new Promise((resolve) => {
      const outcome = { kind: 'retry', reason: 'receiver-unavailable', detail: 'aborted' } as const;
      signal.addEventListener('abort', () => resolve(outcome));
    });
  const receiver = (name: string): Receiver => ({
    name,
    kind: 'fake',
    idempotent: idempotent.includes(name),
    async send(notification, signal) {
      const told = onSend;
      onSend = () => {};
      told(name);
      if (hanging.has(name)) return hang(signal);
      const outcome = answers[name] ?? { kind: 'delivered' };
      if (outcome.kind === 'delivered') sent.push(notification);
      return outcome;
    },
  });

  const problems: string[] = [];
  const parsed = parsePipeline(pipeline, problems);
  if (!parsed || problems.length > 0) throw new Error(problems.join('\n'));
  const config: Config = { env: loadConfig({}).env, pipeline: parsed, receivers: [] };
  // Fallbacks are read from the receivers that configuration names.
  config.receivers = parsed.receivers as unknown as Config['receivers'];
  const relay = createRelay({
    config,
    clock: time.clock,
    after: time.after,
    writeLog: (line) => void lines.push(line),
    observe: (observation) => void observations.push(observation),
    store,
    log,
    topics,
    receivers: receivers.map(receiver),
  });

  const call = (name: FunctionName, body: unknown): Promise<Answer> =>
    relay.handlers[name]({ method: 'POST', headers: {}, body });

  return {
    time,
    /** With its faults. */
    transact: store.transact,
    memory,
    topics,
    faults,
    stored,
    /** What sweep said in Loki of incidents and deliveries. */
    reported,
    published,
    sent,
    answers,
    observations,
    lines,
    calls,
    call,
    /** The receiver answers nothing until it is aborted. */
    hang: (name: string) => void hanging.add(name),
    /** Called with the receiver's name when the next send begins. */
    onSend(run: (receiver: string) => void): void {
      onSend = run;
    },
    /** Resolves when the next send begins. */
    sending: () =>
      new Promise<void>((resolve) => {
        onSend = () => resolve();
      }),
    /** Sends one event to ingest and gives the answer's status. */
    async ingest(
      event: object = shellEvent(),
      attributes?: Readonly<Record<string, string>>,
      messageId?: string,
    ): Promise<number> {
      return (await call('ingest', pushOf(eventText(event), attributes ?? CLUSTER_ATTRIBUTES, messageId))).status;
    },
    /** Brings one alert to escalate. */
    escalate: (alert: AlertView = SHELL): Promise<Answer> =>
      call('escalate', pushOf(JSON.stringify(alert), { uuid: alert.uuid })),
    on: (topic: Topic) => published.filter((each) => each.topic === topic).map(({ message }) => message),
    /** Delivers what lies on a topic to its function, once each, and gives the statuses. */
    async deliver(topic: Topic, to: FunctionName): Promise<number[]> {
      const statuses: number[] = [];
      const messages = published.filter((each) => each.topic === topic);
      for (const each of messages) published.splice(published.indexOf(each), 1);
      for (const { message } of messages)
        statuses.push((await call(to, pushOf(message.data, message.attributes))).status);
      return statuses;
    },
    /** The equation's left side: entries and summaries by uuid, each counted once with the largest `n`. */
    counted(): number {
      const byUuid = new Map<string, number>();
      for (const { metadata } of stored) {
        const { uuid = '', n = '0' } = metadata;
        byUuid.set(uuid, Math.max(byUuid.get(uuid) ?? 0, Number(n)));
      }
      return [...byUuid.values()].reduce((sum, n) => sum + n, 0);
    },
  };
}
