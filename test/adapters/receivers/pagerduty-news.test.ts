/** What PagerDuty hears though nobody is rung for it, and what a delivery keeps so that it hears it once. */

import { describe, expect, test } from '@jest/globals';
import { createHttp } from '../../../functions/adapters/http.ts';
import { createPagerDuty } from '../../../functions/adapters/receivers/pagerduty.ts';
import type { Notification } from '../../../functions/core/page/notification.ts';
import { shellNotification } from '../../fixtures/notifications.ts';
import { startLoopback } from '../loopback.ts';
import { manualTimers } from '../timers.ts';

const KEY = 'R0UT1NGKEYR0UT1NGKEYR0UT1NGKEY00';

interface Event {
  event_action: string;
  dedup_key: string;
  payload?: { custom_details: Record<string, string> };
}

describe('who opened a shell, said after the page', () => {
  const shell = { uuid: shellNotification.lead.uuid, pod: 'ledger-api-7c9d-x2x8k', timeNs: shellNotification.firstNs };
  const [unknown, ana, nobody] = [
    { shells: [{ ...shell, by: [] }] },
    { shells: [{ ...shell, by: [{ user: 'ana@acme.example' }] }] },
    { shells: [{ ...shell, by: [], unexplained: true }] },
  ];
  const update = { type: 'update' } as const;
  type Word = Partial<Notification>;

  /** What PagerDuty was sent by each of these words in turn: the action, and who, where the event says so. */
  async function said(...words: Word[]): Promise<(readonly [string, string?])[][]> {
    const events: Event[] = [];
    const server = await startLoopback((request, response) => {
      events.push(JSON.parse(request.body));
      response.writeHead(202).end();
    });
    const http = createHttp({ after: manualTimers().after });
    try {
      const options = { routing_key: KEY, updates: false, url: server.url, allow_private: true };
      const receiver = createPagerDuty({ name: 'oncall', options, http, clock: () => 0 });
      const heard: (readonly [string, string?])[][] = [];
      let reference: Notification['reference'];
      for (const word of words) {
        const told = { ...shellNotification, ...word, ...(reference !== undefined && { reference }) };
        const outcome = await receiver.send(told, new AbortController().signal);
        if (outcome.kind === 'delivered') reference = outcome.reference ?? reference;
        expect(new Set(events.map(({ dedup_key }) => dedup_key))).toEqual(
          new Set(events.length > 0 ? [shellNotification.dedupKey] : []),
        );
        heard.push(
          events.splice(0).map(({ event_action, payload }) => {
            const who = payload?.custom_details.who;
            return who === undefined ? [event_action] : [event_action, who];
          }),
        );
      }
      return heard;
    } finally {
      await Promise.all([server.close(), http.close()]);
    }
  }
  const UNEXPLAINED = expect.stringContaining('No audit record explains this shell');

  test.each<[string, Word[], unknown]>([
    [
      'a name that comes second is told, once',
      [unknown, ana, ana].map(later),
      [[['trigger']], [['trigger', 'ana@acme.example']], []],
    ],
    ['a name that was there first is not told again', [ana, ana].map(later), [[['trigger', 'ana@acme.example']], []]],
    [
      'that nothing explains it is told, and so is the record that takes it back',
      [unknown, nobody, ana].map(later),
      [[['trigger']], [['trigger', UNEXPLAINED]], [['trigger', 'ana@acme.example']]],
    ],
    [
      'to whoever acknowledged it too',
      [{}, { ...ana, ...update, state: 'acknowledged' }],
      [[['trigger']], [['trigger', 'ana@acme.example'], ['acknowledge']]],
    ],
    ['not once it is resolved', [{}, { ...ana, ...update, state: 'resolved' }], [[['trigger']], [['resolve']]]],
    ['not once it is quiet', [{}, { ...ana, ...update, state: 'quiet' }], [[['trigger']], []]],
  ])('%s', async (_, words, expected) => {
    expect(await said(...words)).toEqual(expected);
  });

  /** The first of them pages, what follows are updates. */
  function later(word: Word, index: number): Word {
    return index === 0 ? word : { ...word, ...update };
  }
});

describe('the size of a storm that PagerDuty was told', () => {
  const storm = { size: 20, members: [] };
  test.each<[string, Partial<Notification>, object | undefined]>([
    ['by its page', { storm }, { stormSize: 20 }],
    ['by an update that it did not get', { storm, type: 'update', reference: { stormSize: 15 } }, undefined],
    ['of what is none', {}, undefined],
  ])('%s', async (_, over, reference) => {
    const server = await startLoopback((_request, response) => void response.writeHead(202).end());
    const http = createHttp({ after: manualTimers().after });
    try {
      const options = { routing_key: KEY, updates: false, url: server.url, allow_private: true };
      const receiver = createPagerDuty({ name: 'oncall', options, http, clock: () => 0 });
      const sent = await receiver.send({ ...shellNotification, ...over }, new AbortController().signal);
      expect(sent).toEqual({ kind: 'delivered', ...(reference && { reference }) });
    } finally {
      await Promise.all([server.close(), http.close()]);
    }
  });
});
