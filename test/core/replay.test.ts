import { describe, expect, test } from '@jest/globals';
import { FROM, IDENTITY, REASON, REPLAY, RETRY, RUN } from '../../functions/core/event/attributes.ts';
import { failed, ok } from '../../functions/core/outcome.ts';
import {
  type Origin,
  originOf,
  type ParkedMessage,
  type ParkedMessages,
  type Replay,
  replay,
  replayOf,
  type Seen,
} from '../../functions/core/replay.ts';

const SUBSCRIPTION = 'CloudPubSubDeadLetterSourceSubscription';
const parked = (id: string, attributes: Record<string, string> = {}): ParkedMessage => ({
  ackId: `ack-${id}`,
  messageId: id,
  data: Buffer.from(`data of ${id}`),
  attributes: { [FROM]: 'ingest', [REASON]: 'loki-refused', [IDENTITY]: `u-${id}`, ...attributes },
});

describe('a message goes back to', () => {
  test.each<[string, Record<string, string>, Origin | undefined]>([
    ['ingest parked it', { [FROM]: 'ingest' }, 'falco-events'],
    ['escalate parked it', { [FROM]: 'escalate' }, 'escalations'],
    ['notify parked it', { [FROM]: 'notify' }, 'notifications'],
    ['Pub/Sub gave it up for ingest', { [SUBSCRIPTION]: 'falco-events' }, 'falco-events'],
    ['Pub/Sub gave it up on the retry topic', { [SUBSCRIPTION]: 'falco-retry' }, 'falco-events'],
    ['Pub/Sub gave it up for escalate', { [SUBSCRIPTION]: 'escalations' }, 'escalations'],
    ['Pub/Sub gave it up for a receiver', { [SUBSCRIPTION]: 'notifications-oncall' }, 'notifications'],
    ['both say the same', { [FROM]: 'notify', [SUBSCRIPTION]: 'notifications-oncall' }, 'notifications'],
    // A publisher of falco-events has set one of them, to write to the topic of pages.
    ['they contradict each other', { [FROM]: 'notify', [SUBSCRIPTION]: 'falco-events' }, undefined],
    ['one of them names nothing', { [FROM]: 'ingest', [SUBSCRIPTION]: 'other' }, undefined],
    ['it is a name of every object', { [FROM]: 'constructor' }, undefined],
    ['sweep parked a summary', { [FROM]: 'sweep' }, undefined],
    ['nothing is said', {}, undefined],
  ])('where it came from: %s', (_, attributes, topic) => {
    const origin = originOf(attributes);
    expect(origin.topic).toBe(topic);
    expect(origin.why === '').toBe(topic !== undefined);
  });
});

describe('what is published', () => {
  test('has its own attributes, identity and the mark of a replay, and nothing of how it was parked', () => {
    const message = parked('1', {
      gke_cluster: 'payments-eu1',
      detail: 'line too long',
      [RETRY]: '1',
      [SUBSCRIPTION]: 'falco-events',
      CloudPubSubDeadLetterSourceDeliveryCount: '100',
      googclient_schemaencoding: 'JSON',
    });
    expect(replayOf(message, 'run-1')).toEqual({
      data: Buffer.from('data of 1'),
      attributes: { gke_cluster: 'payments-eu1', [IDENTITY]: 'u-1', [REPLAY]: '1', [RUN]: 'run-1' },
    });
  });

  test('has the id that it was parked under where it had no identity, so that a second replay is the same event', () => {
    expect(replayOf(parked('7', { [IDENTITY]: '' }), 'run-1').attributes[IDENTITY]).toBe('7');
  });
});

/** A subscription that gives what is neither held nor acknowledged. */
function subscriptionOf(all: readonly ParkedMessage[], refuse: { publish?: string; acknowledge?: boolean } = {}) {
  const waiting = [...all];
  const log: string[] = [];
  const published: [Origin, Replay][] = [];
  const messages: ParkedMessages = {
    pull: async (max) => waiting.splice(0, Math.min(max, 2)),
    async publish(topic, group) {
      return group.map((each) => {
        const name = each.attributes[IDENTITY] ?? '';
        if (name === refuse.publish) return failed(new Error('PERMISSION_DENIED'));
        log.push(`publish ${name}`);
        published.push([topic, each]);
        return ok(undefined);
      });
    },
    async acknowledge(ackIds) {
      if (refuse.acknowledge) throw new Error('UNAVAILABLE');
      log.push(...ackIds.map((id) => `acknowledge ${id}`));
    },
    async release(ackIds) {
      log.push(...ackIds.map((id) => `release ${id}`));
    },
  };
  return { messages, log, published, waiting };
}

const seen: Seen[] = [];
const options = {
  reasons: [] as string[],
  limit: 100,
  publish: true,
  run: 'run-1',
  say: (each: Seen) => void seen.push(each),
};

describe('replay', () => {
  test('publishes, then acknowledges', async () => {
    const { messages, log, published } = subscriptionOf([
      parked('1'),
      parked('2', { [FROM]: 'escalate' }),
      parked('3'),
    ]);
    expect(await replay(messages, options)).toMatchObject({ wanted: 3, published: 3, failed: 0, stuck: 0, others: 0 });
    expect(log).toEqual([
      'publish u-1',
      'acknowledge ack-1',
      'publish u-2',
      'acknowledge ack-2',
      'publish u-3',
      'acknowledge ack-3',
    ]);
    expect(published.map(([topic]) => topic)).toEqual(['falco-events', 'escalations', 'falco-events']);
  });

  test('without --publish shows them and gives them back at the end', async () => {
    const { messages, log } = subscriptionOf([parked('1'), parked('2'), parked('3')]);
    seen.length = 0;
    expect(await replay(messages, { ...options, publish: false })).toMatchObject({ wanted: 3, published: 0 });
    expect(seen.map(({ messageId, reason }) => [messageId, reason])).toEqual([
      ['1', 'loki-refused'],
      ['2', 'loki-refused'],
      ['3', 'loki-refused'],
    ]);
    expect(log).toEqual(['release ack-1', 'release ack-2', 'release ack-3']);
  });

  test('does not acknowledge what could not be published', async () => {
    const { messages, log } = subscriptionOf([parked('1'), parked('2')], { publish: 'u-1' });
    const counts = await replay(messages, options);
    expect(counts).toMatchObject({ published: 1, failed: 1, problems: ['falco-events: PERMISSION_DENIED'] });
    expect(log).toEqual(['publish u-2', 'acknowledge ack-2', 'release ack-1']);
  });

  test('counts what it published and could not acknowledge, and goes on', async () => {
    const { messages } = subscriptionOf([parked('1'), parked('2'), parked('3')], { acknowledge: true });
    expect(await replay(messages, options)).toMatchObject({ published: 3, unacknowledged: 3 });
  });

  test('leaves other reasons alone, and what Pub/Sub gave up is of none, whatever its publisher says', async () => {
    const gaveUp = { ...parked('2'), attributes: { [SUBSCRIPTION]: 'falco-events', [REASON]: 'loki-refused' } };
    const all = [parked('1'), gaveUp, parked('3', { [REASON]: 'internal' })];
    const first = subscriptionOf(all);
    expect(await replay(first.messages, { ...options, reasons: ['loki-refused'] })).toMatchObject({
      wanted: 1,
      others: 2,
    });
    expect(first.log).toEqual(['publish u-1', 'acknowledge ack-1', 'release ack-2', 'release ack-3']);
    const second = subscriptionOf(all);
    await replay(second.messages, { ...options, reasons: ['none', 'internal'] });
    expect(second.log.filter((line) => line.startsWith('publish'))).toEqual(['publish 2', 'publish u-3']);
  });

  test('stops at its limit', async () => {
    const { messages, waiting } = subscriptionOf([parked('1'), parked('2'), parked('3')]);
    expect(await replay(messages, { ...options, limit: 1 })).toMatchObject({ wanted: 1, published: 1 });
    expect(waiting).toHaveLength(2);
  });

  test('leaves what has no way back', async () => {
    const { messages, log } = subscriptionOf([parked('1', { [FROM]: 'sweep' })]);
    expect(await replay(messages, options)).toMatchObject({ wanted: 1, stuck: 1, published: 0 });
    expect(log).toEqual(['release ack-1']);
  });

  test('ends although what it published is parked again at once', async () => {
    const { messages, waiting, published } = subscriptionOf([parked('1')]);
    let copies = 0;
    const again: ParkedMessages = {
      ...messages,
      async publish(topic, group) {
        for (const { attributes } of group) waiting.push(parked(`again-${copies++}`, attributes));
        return messages.publish(topic, group);
      },
    };
    expect(await replay(again, options)).toMatchObject({ wanted: 1, published: 1, others: 0 });
    expect(published).toHaveLength(1);
  });

  test('meets nothing twice, should its hold on a message end meanwhile', async () => {
    const { messages } = subscriptionOf([parked('1'), parked('1'), parked('1'), parked('2')]);
    expect(await replay(messages, { ...options, publish: false })).toMatchObject({ wanted: 2 });
  });

  test('gives back what it holds when it fails', async () => {
    const { messages, log } = subscriptionOf([parked('1'), parked('2')]);
    const pull = async (max: number): Promise<ParkedMessage[]> => {
      const pulled = await messages.pull(max);
      if (pulled.length === 0) throw new Error('PERMISSION_DENIED');
      return pulled;
    };
    await expect(replay({ ...messages, pull }, { ...options, publish: false })).rejects.toThrow('PERMISSION_DENIED');
    expect(log).toEqual(['release ack-1', 'release ack-2']);
  });
});
