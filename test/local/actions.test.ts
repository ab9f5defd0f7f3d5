import { describe, expect, test } from '@jest/globals';
import { createActions } from '../../functions/local/actions.ts';

function acting() {
  const calls: string[] = [];
  const deed = (name: string) => async () => {
    calls.push(name);
    return { said: name };
  };
  const loki = { broken: false };
  const actions = createActions({
    demo: {
      openShell: deed('shell'),
      redeliver: deed('redeliver'),
      storm: deed('storm'),
      silenceNode: deed('silence'),
      wakeNode: deed('wake'),
    },
    loki,
    topics: { hurry: (topic) => void calls.push(`hurry ${topic}`) },
    presses: {
      async press(button) {
        calls.push(`press ${JSON.stringify(button)}`);
        return 'Acknowledged.';
      },
    },
    touch: () => void calls.push('touch'),
  });
  return { actions, calls, loki };
}

describe('actions', () => {
  test.each(['shell', 'redeliver', 'storm'] as const)('%s is the demo’s', async (name) => {
    const { actions, calls } = acting();
    expect(await actions[name]()).toEqual({ said: name });
    expect(calls).toEqual([name]);
  });

  test.each([
    ['silence-node', 'silence'],
    ['wake-node', 'wake'],
  ] as const)('%s is the demo’s, and shows at once', async (name, called) => {
    const { actions, calls } = acting();
    expect(await actions[name]()).toEqual({ said: called });
    expect(calls).toEqual([called, 'touch']);
  });

  test('Loki breaks, and mended takes at once what waited', async () => {
    const { actions, calls, loki } = acting();
    expect((await actions['break-loki']()).said).toContain('503');
    expect([loki.broken, calls]).toEqual([true, ['touch']]);
    expect((await actions['mend-loki']()).said).toContain('answers again');
    expect([loki.broken, calls]).toEqual([false, ['touch', 'hurry retry', 'touch']]);
  });

  test('a press says what callback replied', async () => {
    const { actions, calls } = acting();
    expect(await actions.press({ action_id: 'why', value: '{}' })).toEqual({ said: 'Acknowledged.' });
    expect(calls).toEqual(['press {"action_id":"why","value":"{}"}', 'touch']);
  });
});
