/** The rules of docs/protocol.md on an event, where breaking one has no other test that would notice. */

import { describe, expect, test } from '@jest/globals';
import { REPLAY, RETRY } from '../../functions/core/event/attributes.ts';
import { CLUSTER_ATTRIBUTES, eventText, quietEvent, shellEvent } from '../support/events.ts';
import { LOKI_DOWN, world } from '../support/world.ts';

const DAY = 24 * 3_600_000;
const REFUSED = { kind: 'refused', detail: 'line too long' } as const;
/** When the events of these tests happened, which is a moment before the world begins. */
const AGE_AT_START = 2_500;

/** A file whose name no normalisation changes. */
function fileOf(index: number): Record<string, unknown> {
  return { 'fd.name': `/etc/${'abcdefghij'[index % 10]}${'klmnopqrst'[Math.floor(index / 10)]}` };
}

function held() {
  let begin = (): void => {};
  let end = (): void => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { begun, begin, ended, end };
}

/** Everything in memory that can go on has gone on. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('a6: the escalation and the log line go side by side', () => {
  test('a Loki that hangs delays no page', async () => {
    const w = world();
    const { begun, begin, ended, end } = held();
    w.faults.push = async () => {
      begin();
      await ended;
      return undefined;
    };
    const answer = w.ingest();
    await begun;
    await settled();
    expect(w.on('escalations')).toHaveLength(1);
    end();
    expect(await answer).toBe(204);
  });

  test('a Pub/Sub that hangs delays no log line', async () => {
    const w = world();
    const { ended, end } = held();
    w.faults.publish = { escalations: ended };
    const answer = w.ingest();
    while (!w.calls.includes('publish escalations')) await settled();
    await settled();
    expect(w.stored).toHaveLength(1);
    end();
    expect(await answer).toBe(204);
  });
});

test('a7: a first asks Loki nothing', async () => {
  const w = world();
  await w.ingest();
  expect(w.calls).not.toContain('has');
});

test('a8: what succeeded is settled, though another part failed', async () => {
  const w = world();
  w.faults.publish = { escalations: 'before' };
  expect(await w.ingest()).toBe(503);
  delete w.faults.publish;
  w.calls.length = 0;
  expect(await w.ingest()).toBe(204);
  expect(w.calls.filter((call) => call === 'has' || call === 'push')).toEqual([]);
});

test('a11: the hand-over carries the message as it came, with the identity', async () => {
  const w = world();
  w.faults.push = LOKI_DOWN;
  const event = quietEvent('u1', { 'proc.cmdline': 'curl -u ana:hunter2 https://acme.example' });
  await w.ingest(event, { ...CLUSTER_ATTRIBUTES, site: 'berlin' });
  expect(w.on('retry')).toEqual([
    {
      data: eventText(event),
      attributes: { ...CLUSTER_ATTRIBUTES, site: 'berlin', [RETRY]: '1', falco_relay_identity: 'u1' },
    },
  ]);
});

test.each([
  ['to both', '', false, false],
  ['to receivers alone', 'redact: { loki: false }', true, false],
  ['to Loki alone', 'redact: { receivers: false }', false, true],
])('redaction applies %s as configured', async (_, redact, inLoki, toPeople) => {
  const w = world({ pipeline: `${redact}\nreceivers: []\n`, receivers: [] });
  await w.ingest(
    shellEvent({ priority: 'Critical', fields: { 'proc.cmdline': 'curl -u ana:hunter2secret https://acme.example' } }),
  );
  const said = [w.stored[0]?.line ?? '', String(w.on('escalations')[0]?.data)];
  expect(said.map((text) => text.includes('curl'))).toEqual([true, true]);
  expect(said.map((text) => text.includes('hunter2secret'))).toEqual([inLoki, toPeople]);
});

describe('a13', () => {
  test('a settled event is known for eight days', async () => {
    const w = world();
    await w.ingest(quietEvent('u1'));
    w.time.pass(8 * DAY - AGE_AT_START);
    await w.ingest(quietEvent('u1'));
    expect(w.observations.at(-1)).toMatchObject({ role: 'first', again: true, outcome: 'redelivery' });
    w.time.pass(AGE_AT_START);
    await w.ingest(quietEvent('u1'));
    expect(w.observations.at(-1)).toMatchObject({ role: 'keep', again: false });
  });

  test('an event that owes, and one whose replay does, is known for thirty-one', async () => {
    const w = world();
    w.faults.push = REFUSED;
    await w.ingest(quietEvent('parked'));
    w.faults.push = LOKI_DOWN;
    await w.ingest(quietEvent('owes', fileOf(1)));
    await w.ingest(quietEvent('parked'), { ...CLUSTER_ATTRIBUTES, [REPLAY]: '1' });
    w.time.pass(31 * DAY - 1);
    delete w.faults.push;
    expect(await w.deliver('retry', 'ingest')).toEqual([204, 204]);
    expect(w.observations.slice(-2)).toMatchObject([
      { uuid: 'owes', role: 'first', again: true },
      { uuid: 'parked', role: 'first', again: true },
    ]);
    expect(w.counted()).toBe(2);
  });

  test.each([
    ['eight days old counts in a window', 0, ['first', 'repeat']],
    ['any older is kept outside of all', 1, ['keep', 'keep']],
  ])('an event %s', async (_, more, roles) => {
    const w = world();
    w.time.pass(8 * DAY - AGE_AT_START + more);
    await w.ingest(quietEvent('u1'));
    await w.ingest(quietEvent('u2'));
    expect(w.observations.slice(-2).map((each) => each.kind === 'event' && each.role)).toEqual(roles);
  });
});

describe('a14: a replay of a parked message', () => {
  test('beside a redelivery of it in one group still owes its log', async () => {
    const w = world();
    w.faults.push = REFUSED;
    await w.ingest(quietEvent('u1'));
    delete w.faults.push;
    const replay = { ...CLUSTER_ATTRIBUTES, [REPLAY]: '1' };
    const answers = [w.ingest(quietEvent('u1')), w.ingest(quietEvent('u1'), replay)];
    expect(await Promise.all(answers)).toEqual([204, 204]);
    expect(w.counted()).toBe(1);
  });

  test('pages nobody a second time', async () => {
    const w = world();
    w.faults.push = REFUSED;
    await w.ingest(shellEvent());
    delete w.faults.push;
    await w.ingest(shellEvent(), { ...CLUSTER_ATTRIBUTES, [REPLAY]: '1' });
    expect([w.counted(), w.on('escalations').length]).toEqual([1, 1]);
  });
});

describe('a15: fifty windows for one rule in one workload', () => {
  async function flood(w: ReturnType<typeof world>): Promise<void> {
    // Two events each: repeats open nothing.
    for (let index = 0; index < 50; index += 1) {
      await w.ingest(quietEvent(`a${index}`, fileOf(index)));
      await w.ingest(quietEvent(`b${index}`, fileOf(index)));
    }
  }
  const fingerprints = (w: ReturnType<typeof world>): Set<string | undefined> =>
    new Set(w.stored.map(({ metadata }) => metadata.fingerprint));

  test('are opened, and the rest has one', async () => {
    const w = world();
    await flood(w);
    expect(fingerprints(w).size).toBe(50);
    for (let index = 50; index < 60; index += 1) await w.ingest(quietEvent(`a${index}`, fileOf(index)));
    expect(fingerprints(w).size).toBe(51);
    expect(w.stored).toHaveLength(51);
    w.time.pass(10 * 60_000);
    await w.call('sweep', {});
    expect(w.counted()).toBe(110);
    await w.ingest(quietEvent('next', fileOf(60)));
    expect(fingerprints(w).size).toBe(52);
  });

  test.each([
    ['another workload', quietEvent('u1', { ...fileOf(60), 'k8s.pod.name': 'shop-7c9d4f8b6d-x2x8k' })],
    ['another rule', { ...quietEvent('u1', fileOf(60)), rule: 'Write below etc' }],
  ])('leave those of %s alone', async (_, event) => {
    const w = world();
    await flood(w);
    await w.ingest(event);
    await w.ingest({ ...event, uuid: 'u2', output_fields: { ...(event.output_fields as object), ...fileOf(61) } });
    expect(w.stored).toHaveLength(52);
  });
});
