import { describe, expect, test } from '@jest/globals';
import type { After } from '../../functions/core/ports.ts';
import { readEvent } from '../../functions/ingest/event.ts';
import { createDemo } from '../../functions/local/demo.ts';
import { NODES } from '../../functions/local/scenes.ts';
import { SCRIPT } from '../../functions/local/script.ts';

const START = Date.parse('2026-11-23T09:00:00.123Z');

interface Push {
  message: { data: string; attributes: Record<string, string>; messageId: string };
  deliveryAttempt: number;
  atMs: number;
}

function run(options: { seed?: string; answer?: (push: Push) => number } = {}) {
  let now = START;
  const timers = new Set<{ at: number; run: () => void }>();
  const after: After = (ms, run) => {
    const timer = { at: now + ms, run };
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  const pushes: Push[] = [];
  const demo = createDemo({
    post: async (body) => {
      const push = { ...JSON.parse(body), atMs: now - START } as Push;
      pushes.push(push);
      return options.answer?.(push) ?? 204;
    },
    clock: () => now,
    after,
    seed: options.seed ?? 'test',
  });
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 30; turn += 1) await null;
  };
  const advance = async (ms: number): Promise<void> => {
    const end = now + ms;
    for (;;) {
      await settle();
      const next = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      now = next.at;
      timers.delete(next);
      next.run();
    }
    now = end;
    await settle();
  };
  return { demo, pushes, advance, timers };
}

const text = (push: Push | undefined): string => Buffer.from(push?.message.data ?? '', 'base64').toString();

async function whole(seed?: string): Promise<Push[]> {
  const { demo, pushes, advance } = run(seed === undefined ? {} : { seed });
  demo.start();
  await advance(25_000);
  return pushes;
}

describe('demo', () => {
  test('a shell in a pod comes first, at once', async () => {
    const { demo, pushes } = run();
    demo.start();
    expect(pushes).toHaveLength(1);
    const event = JSON.parse(text(pushes[0]));
    expect(event).toMatchObject({
      rule: 'Terminal shell in container',
      priority: 'Notice',
      time: expect.stringMatching(/^2026-11-23T09:00:00\.123\d{6}Z$/),
      output_fields: { 'k8s.ns.name': 'payments', 'k8s.pod.name': expect.stringMatching(/^ledger-api-/) },
    });
    expect(pushes[0]?.message.attributes).toEqual({
      gke_project: 'acme-prod',
      gke_location: 'europe-west1',
      gke_cluster: 'payments-eu1',
    });
  });

  test('every event is one that Falcosidekick could have sent, its time the moment it was sent', async () => {
    const pushes = await whole();
    const events = pushes.filter((push) => push.deliveryAttempt === 1 && !text(push).includes('firing'));
    expect(events.length).toBeGreaterThan(30);
    for (const push of events) {
      const raw = text(push);
      const read = readEvent(raw);
      if (!read.ok) throw new Error(`${read.detail}: ${raw}`);
      const { event } = read;
      expect(event.uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(Number(event.timeNs / 1_000_000n)).toBe(START + push.atMs);
      expect(event.fields['evt.time']).toBe(event.timeNs);
      expect(event.output).toMatch(new RegExp(`^09:00:\\d\\d\\.\\d{9}: ${event.priority} `));
      expect([...event.tags]).toEqual([...event.tags].sort());
      expect(Object.keys(JSON.parse(raw).output_fields)).toEqual(Object.keys(JSON.parse(raw).output_fields).sort());
    }
  });

  test.each([
    [
      'a dropped binary in the shell’s own workload',
      'Drop and execute new binary in container',
      '"k8s.pod.name":"ledger-api-',
    ],
    ['an exec in the audit log', 'Attach/Exec Pod', '"source":"k8s_audit"'],
    ['an event of a node itself', 'Clear Log Activities', '"container.id":"host"'],
    ["Falco's own metrics", 'Falco internal: metrics snapshot', '"source":"internal"'],
    ['a secret to be redacted', 'Read sensitive file untrusted', 'postgres://report:'],
    ['a message that is no event', 'firing', ''],
  ])('has %s', async (_, rule, detail) => {
    expect((await whole()).map(text).filter((raw) => raw.includes(rule) && raw.includes(detail))).not.toHaveLength(0);
  });

  test('comes from three clusters, with one redelivered event and the same thing again', async () => {
    const pushes = await whole();
    expect(new Set(pushes.flatMap(({ message }) => message.attributes.gke_cluster ?? [])).size).toBe(3);
    const deliveries = Map.groupBy(pushes, ({ message }) => message.messageId);
    const redelivered = [...deliveries.values()].filter((list) => list.length > 1);
    expect(redelivered.map((list) => list.map(({ deliveryAttempt }) => deliveryAttempt))).toEqual([[1, 2, 3]]);
    expect(new Set(redelivered[0]?.map(text)).size).toBe(1);
    expect(pushes.map(text).filter((raw) => raw.includes('/app/inventory-agent')).length).toBeGreaterThan(5);
  });

  test('its seed decides the content, and another one gives other events', async () => {
    const [one, same, other] = [await whole('a'), await whole('a'), await whole('b')].map((pushes) => pushes.map(text));
    expect(one).toEqual(same);
    const uuids = (raws: string[] | undefined) => raws?.flatMap((raw) => JSON.parse(raw).uuid ?? []) ?? [];
    expect(uuids(one).filter((uuid) => uuids(other).includes(uuid))).toEqual([]);
  });

  test('what is refused is sent again, the same message', async () => {
    const { demo, pushes, advance } = run({ answer: ({ deliveryAttempt }) => (deliveryAttempt < 3 ? 503 : 204) });
    await demo.openShell();
    await advance(10_000);
    expect(pushes.map(({ deliveryAttempt, atMs }) => [deliveryAttempt, atMs])).toEqual([
      [1, 0],
      [2, 500],
      [3, 1_500],
    ]);
    expect(new Set(pushes.map(text)).size).toBe(1);
  });

  test('a pressed shell is a new event in a new place, and says which incident shows it', async () => {
    const { demo, pushes } = run();
    const deeds = [await demo.openShell(), await demo.openShell()];
    expect(new Set(pushes.map((push) => JSON.parse(text(push)).uuid)).size).toBe(2);
    expect(deeds[0]?.where).toEqual({ cluster: 'payments-eu1', namespace: 'checkout', workload: 'cart-web' });
    expect(deeds[0]?.where).not.toEqual(deeds[1]?.where);
  });

  test('redelivering sends the latest shell three times more', async () => {
    const { demo, pushes } = run();
    await demo.openShell();
    await demo.redeliver();
    expect(pushes.map(({ deliveryAttempt }) => deliveryAttempt)).toEqual([1, 2, 3, 4]);
    expect(new Set(pushes.map(text)).size).toBe(1);
  });

  test('a storm is thirty workloads of one cluster at once, other ones each time', async () => {
    const { demo, pushes } = run();
    const deeds = [await demo.storm(), await demo.storm()];
    const events = pushes.map((push) => JSON.parse(text(push)));
    expect(new Set(events.map(({ uuid }) => uuid)).size).toBe(60);
    const places = events.map(({ output_fields: fields }) => `${fields['k8s.ns.name']}/${fields['container.name']}`);
    expect(new Set(places).size).toBe(60);
    expect(new Set(pushes.map(({ message }) => message.attributes.gke_cluster))).toEqual(new Set(['payments-eu1']));
    expect(deeds[0]).toMatchObject({ said: expect.stringContaining('30'), where: { storm: 'true' } });
  });

  describe('a node that falls silent', () => {
    const spoken = (pushes: readonly Push[], node: string) =>
      pushes.filter((push) => JSON.parse(text(push)).hostname === node).map(({ atMs }) => atMs / 1_000);
    const [silent, other] = [NODES.paymentsB, NODES.paymentsA];

    test('speaks thrice, so that it is missed, and no more, while another one goes on', async () => {
      const { demo, pushes, advance } = run();
      const { said } = await demo.silenceNode();
      expect(said).toContain(silent);
      await advance(100_000);
      expect(spoken(pushes, silent)).toEqual([0, 11, 22]);
      expect(spoken(pushes, other)).toEqual([0, 16, 32, 48, 64, 80, 96]);
      expect(demo.silenced()).toBe(true);
    });

    test('speaks again when it is to, and is silent at once the next time', async () => {
      const { demo, pushes, advance } = run();
      await demo.silenceNode();
      await advance(100_000);
      await demo.wakeNode();
      expect(demo.silenced()).toBe(false);
      await advance(50_000);
      await demo.silenceNode();
      await advance(60_000);
      expect(spoken(pushes, silent)).toEqual([0, 11, 22, 100, 112, 128, 144]);
      expect(spoken(pushes, other)).toHaveLength(14);
    });
  });

  test('nothing comes after it was stopped', async () => {
    const { demo, pushes, advance, timers } = run();
    demo.start();
    await advance(2_000);
    demo.stop();
    const before = pushes.length;
    await advance(30_000);
    expect(pushes).toHaveLength(before);
    expect(timers.size).toBe(0);
  });

  test('the whole takes about twenty seconds', () => {
    expect(Math.max(...SCRIPT.map(({ atMs }) => atMs))).toBeLessThanOrEqual(20_000);
  });
});
