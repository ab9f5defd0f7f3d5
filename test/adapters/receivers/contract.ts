/** What every receiver owes notify, tried over a real connection; each kind's test file runs it. */

import { afterEach, describe, expect, test } from '@jest/globals';
import { createHttp, type Http } from '../../../functions/adapters/http.ts';
import type { Notification } from '../../../functions/core/page/notification.ts';
import type { After, Clock, Receiver, SendOutcome } from '../../../functions/core/ports.ts';
import { HOSTILE, notificationWith, shellNotification } from '../../fixtures/notifications.ts';
import { freePort } from '../../stack/programs/program.ts';
import { type Answerer, type Loopback, type Received, startLoopback } from '../loopback.ts';
import { manualTimers } from '../timers.ts';

export const NOW = Date.parse('2026-11-23T09:05:00Z');

export interface ContractOptions {
  kind: string;
  /** `allowPrivate` as in pipeline.yaml. */
  create(deps: { url: string; http: Http; clock: Clock; allowPrivate: boolean }): Receiver;
  /** How the vendor says yes. */
  accept: Answerer;
  /** HTTP 2xx that is no yes, by name, and what it means. */
  denials: readonly (readonly [name: string, body: string, expected: SendOutcome['kind']])[];
  /** An accepting status whose body has no end. */
  endless: SendOutcome['kind'];
  /** What no outcome may show. */
  secrets: readonly string[];
  /** By what of this request the vendor rings somebody, who may have been rung before; undefined where it does not. */
  ringsBy(request: Received): string | undefined;
}

const never = new AbortController().signal;

export function receiverContract(options: ContractOptions): void {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.close()));
  });

  async function serve(answer: Answerer): Promise<Loopback> {
    const server = await startLoopback(answer);
    open.push(server);
    return server;
  }

  function receiverAt(url: string, { after = manualTimers().after as After, allowPrivate = true } = {}): Receiver {
    const http = createHttp({ after });
    open.push(http);
    return options.create({ url, http, clock: () => NOW, allowPrivate });
  }

  async function sendTo(url: string): Promise<SendOutcome> {
    return receiverAt(url).send(shellNotification, never);
  }

  /** An answer that throws back all it was sent: the worst place for a secret to come from. */
  function echo(status: number, headers: Record<string, string> = {}): Answerer {
    return (request, response) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify({ status: 'invalid event', echo: request.body, headers: request.headers }));
    };
  }

  function expectNoSecret(outcome: SendOutcome): void {
    const shown = 'detail' in outcome ? `${outcome.reason} ${outcome.detail}` : '';
    for (const secret of [...options.secrets, '127.0.0.1', 'ledger-api']) expect(shown).not.toContain(secret);
    expect(shown.length).toBeLessThan(200);
  }

  describe(`${options.kind} as a receiver`, () => {
    test('delivers, and says what it is', async () => {
      const server = await serve(options.accept);
      const receiver = receiverAt(server.url);
      expect((await receiver.send(shellNotification, never)).kind).toBe('delivered');
      expect(receiver.kind).toBe(options.kind);
      expect(server.received).toHaveLength(1);
      const [request] = server.received;
      expect([request?.method, request?.headers['content-type']]).toEqual([
        'POST',
        expect.stringContaining('application/json'),
      ]);
      expect(() => JSON.parse(request?.body ?? '')).not.toThrow();
    });

    test('rings for a page, not for an update, and anew in each round, though the first was acknowledged', async () => {
      const server = await serve(options.accept);
      const receiver = receiverAt(server.url);
      let reference: Notification['reference'];
      const rings = new Set<string>();
      const told: number[] = [];
      const words: Partial<Notification>[] = [
        { type: 'page', round: 1 },
        { type: 'update', round: 1, count: 9 },
        { type: 'update', round: 1, state: 'acknowledged' },
        // Somebody else was rung for this round.
        { type: 'update', round: 2, count: 10 },
        { type: 'page', round: 3 },
        { type: 'update', round: 3, count: 11 },
      ];
      for (const [index, word] of words.entries()) {
        const messageId = `${shellNotification.dedupKey}/${index + 1}`;
        const outcome = await receiver.send({ ...shellNotification, ...word, messageId, reference }, never);
        expect(outcome.kind).toBe('delivered');
        if (outcome.kind === 'delivered') reference = outcome.reference ?? reference;
        for (const request of server.received.splice(0)) {
          const by = options.ringsBy(request);
          if (by !== undefined) rings.add(by);
        }
        told.push(rings.size);
      }
      expect(told).toEqual([1, 1, 1, 1, 2, 2]);
    });

    test.each([
      [300, 'misconfigured'],
      [301, 'misconfigured'],
      [302, 'misconfigured'],
      [303, 'misconfigured'],
      [307, 'misconfigured'],
      [308, 'misconfigured'],
      [401, 'misconfigured'],
      [403, 'misconfigured'],
      [404, 'misconfigured'],
      [405, 'misconfigured'],
      [407, 'misconfigured'],
      [410, 'misconfigured'],
      [408, 'retry'],
      [425, 'retry'],
      [429, 'retry'],
      [500, 'retry'],
      [502, 'retry'],
      [503, 'retry'],
      [504, 'retry'],
      [529, 'retry'],
      [406, 'refused'],
      [409, 'refused'],
      [413, 'refused'],
      [415, 'refused'],
      [422, 'refused'],
    ] as const)('HTTP %i means %s', async (status, kind) => {
      const server = await serve((request, response, raw) => {
        if (request.path.includes('elsewhere')) options.accept(request, response, raw);
        else echo(status, { location: `/elsewhere` })(request, response, raw);
      });
      const outcome = await sendTo(server.url);
      expect(outcome.kind).toBe(kind);
      expectNoSecret(outcome);
      expect(server.received.filter(({ path }) => path.includes('elsewhere'))).toEqual([]);
    });

    test.each([
      ['seconds', '7', 7_000],
      ['a date', 'Mon, 23 Nov 2026 09:05:30 GMT', 30_000],
      ['a date gone by', 'Mon, 23 Nov 2026 09:00:00 GMT', 0],
      ['days', '864000', 3_600_000],
      ['nonsense', 'soon', undefined],
      ['a negative number', '-5', undefined],
    ])('429 with Retry-After in %s', async (_name, value, afterMs) => {
      const server = await serve(echo(429, { 'retry-after': value }));
      const outcome = await sendTo(server.url);
      expect(outcome).toMatchObject({ kind: 'retry', reason: 'receiver-throttled' });
      expect('afterMs' in outcome ? outcome.afterMs : undefined).toBe(afterMs);
    });

    test.each(options.denials)('a 200 that says no: %s', async (_name, body, kind) => {
      const server = await serve((_request, response) => void response.writeHead(200).end(body));
      const outcome = await sendTo(server.url);
      expect(outcome.kind).toBe(kind);
      expectNoSecret(outcome);
    });

    test('no answer in time is tried again, and the socket is gone', async () => {
      const timers = manualTimers();
      const server = await serve(() => {});
      const asked = server.next();
      const outcome = receiverAt(server.url, timers).send(shellNotification, never);
      const { closed } = await asked;
      timers.fire();
      expect(await outcome).toMatchObject({ kind: 'retry', reason: 'receiver-timeout' });
      await closed;
    });

    test('an abort is honoured at once, and the socket is gone', async () => {
      const abort = new AbortController();
      const server = await serve(() => {});
      const asked = server.next();
      const outcome = receiverAt(server.url).send(shellNotification, abort.signal);
      const { closed } = await asked;
      abort.abort();
      expect(await outcome).toMatchObject({ kind: 'retry', reason: 'receiver-timeout' });
      await closed;
    });

    test('nothing is sent once it is too late', async () => {
      const server = await serve(options.accept);
      const outcome = await receiverAt(server.url).send(shellNotification, AbortSignal.abort());
      expect([outcome.kind, server.received.length]).toEqual(['retry', 0]);
    });

    test('a connection reset after the page was read is tried again', async () => {
      const server = await serve((_request, _response, raw) => raw.socket.resetAndDestroy());
      const outcome = await sendTo(server.url);
      expect(outcome).toMatchObject({ kind: 'retry', reason: 'receiver-unavailable' });
      expectNoSecret(outcome);
    });

    test('nobody listening is tried again', async () => {
      const outcome = await sendTo(`http://127.0.0.1:${await freePort()}`);
      expect(outcome).toMatchObject({ kind: 'retry', reason: 'receiver-unavailable' });
      expectNoSecret(outcome);
    });

    test('an answer without end is read in part', async () => {
      const server = await serve((_request, response) => {
        response.writeHead(options.kind === 'pagerduty' ? 202 : 200);
        const more = (): void => {
          while (!response.destroyed && response.write('{"ok":true,"x":"y"}'.repeat(1_000)));
        };
        response.on('drain', more);
        more();
      });
      expect((await sendTo(server.url)).kind).toBe(options.endless);
      await server.received[0]?.closed;
    });

    test('an address inside is refused without leave', async () => {
      const server = await serve(options.accept);
      const outcome = await receiverAt(server.url, { allowPrivate: false }).send(shellNotification, never);
      expect(outcome).toMatchObject({ kind: 'misconfigured', reason: 'receiver-address-forbidden' });
      expectNoSecret(outcome);
      expect(server.received).toEqual([]);
    });

    test('what can not be rendered is refused, not thrown', async () => {
      const server = await serve(options.accept);
      const outcome = await receiverAt(server.url).send({ ...shellNotification, firstNs: 'never' }, never);
      expect([outcome.kind, server.received.length]).toEqual(['refused', 0]);
    });

    test.each(HOSTILE)('takes %s', async (_name, text) => {
      const server = await serve(options.accept);
      const hostile = notificationWith({
        rule: text,
        output: text,
        hostname: text,
        tags: [text],
        fields: { 'proc.cmdline': text, 'proc.name': text, 'proc.exepath': text, 'fd.name': text, 'user.name': text },
        where: { namespace: text, pod: text, image: text, imageTag: text, node: text, derivedWorkload: text },
      });
      expect((await receiverAt(server.url).send(hostile, never)).kind).toBe('delivered');
      const body = server.received[0]?.body ?? '';
      expect(body.isWellFormed()).toBe(true);
      expect(body.length).toBeLessThan(64 * 1024);
      const strings = stringsOf(JSON.parse(body));
      // What a display would obey: controls other than our own line breaks, and what reorders or hides.
      for (const each of strings) expect(each).not.toMatch(/[^\P{Cc}\n]|\p{Cf}|[\u2028\u2029]/u);
    });
  });
}

function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(stringsOf);
}
