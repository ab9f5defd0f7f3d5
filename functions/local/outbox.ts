/** Where pages land instead of at receivers: kept, with the exact bodies that the vendors would get. */

import type { Notification } from '../core/page/notification.ts';
import type { Clock, Receiver } from '../core/ports.ts';
import type { Renderings } from './renderings.ts';

const MAX_NOTICES = 200;
/** All of it goes to each page that opens. */
const MAX_BYTES = 2 * 1024 * 1024;

/** One word to one receiver. */
export interface Notice extends Renderings {
  id: number;
  at: number;
  receiver: string;
  type: Notification['type'];
  /** Of the incident: `{groupKey}/{generation}`. */
  key: string;
  messageId: string;
  state: Notification['state'];
  round: number;
}

export interface OutboxChoice {
  config: { receivers: readonly { name: string }[] };
  /** pipeline.yaml is ours, its receivers are nobody's. */
  ownPipeline: boolean;
}

export interface OutboxOptions {
  /** Of the receivers that it stands for. */
  names: readonly string[];
  clock: Clock;
  render(notification: Notification, at: number): Renderings;
  /** What the vendors' own receivers keep of a word for the next one. */
  remember?(notification: Notification): object | undefined;
  /** Called after each notice. */
  onNotice?(notice: Notice): void;
}

export interface Outbox {
  receivers: readonly Receiver[];
  /** The newest of all receivers, oldest first; bounded in number and bytes. */
  notices(): readonly Notice[];
}

/** Whom an outbox stands for: the receivers of our own pipeline.yaml, or the one there is where none is configured. */
export function outboxesOf({ config, ownPipeline }: OutboxChoice): readonly string[] {
  const names = config.receivers.map(({ name }) => name);
  if (names.length === 0) return ['outbox'];
  return ownPipeline ? names : [];
}

export function createOutbox(options: OutboxOptions): Outbox {
  const kept: { notice: Notice; bytes: number }[] = [];
  let bytesKept = 0;
  let lastId = 0;

  function keep(notice: Notice): void {
    const bytes = Buffer.byteLength(JSON.stringify(notice));
    kept.push({ notice, bytes });
    bytesKept += bytes;
    // The newest stays, however large.
    while (kept.length > 1 && (kept.length > MAX_NOTICES || bytesKept > MAX_BYTES)) {
      bytesKept -= kept.shift()?.bytes ?? 0;
    }
  }

  return {
    receivers: options.names.map((name) => ({
      name,
      kind: 'outbox',
      idempotent: false,
      async send(notification) {
        const { receiver, type, groupKey, generation, messageId, state, round, reference } = notification;
        lastId += 1;
        const at = options.clock();
        const notice: Notice = {
          id: lastId,
          at,
          receiver,
          type,
          key: `${groupKey}/${generation}`,
          messageId,
          state,
          round,
          ...options.render(notification, at),
        };
        keep(notice);
        options.onNotice?.(notice);
        const before = reference !== null && typeof reference === 'object' ? reference : {};
        return { kind: 'delivered', reference: { ...before, ...options.remember?.(notification), notice: notice.id } };
      },
    })),
    notices: () => kept.map(({ notice }) => notice),
  };
}
