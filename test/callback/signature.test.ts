/** Whose bytes count, and that no other ones do. */

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { pagerdutyProblem, type SignatureProblem, slackProblem } from '../../functions/callback/signature.ts';
import type { Request } from '../../functions/core/http.ts';
import {
  event,
  form,
  hmac,
  NOW,
  PAGERDUTY_SECRET,
  pagerdutyRequest,
  press,
  SLACK_SECRET,
  slackRequest,
} from './support.ts';

const OTHER = 'another-secret-0123456789';
const FIVE_MINUTES = 300_000;

interface Case {
  request: Request;
  secrets?: readonly string[];
  now?: number;
  problem?: SignatureProblem;
}

/** The same request with a header changed; undefined takes it away. */
function withHeader(request: Request, name: string, change: (value: string) => string | string[] | undefined): Request {
  return { ...request, headers: { ...request.headers, [name]: change(String(request.headers[name])) } };
}

const upper = (value: string): string => value.replace(/=.*/, (digest) => digest.toUpperCase());

describe('Slack', () => {
  const body = form(press());
  const sound = slackRequest(body);
  const problemOf = ({ request, secrets = [SLACK_SECRET], now = NOW }: Case) =>
    slackProblem({ headers: request.headers, body: request.rawBody ?? Buffer.alloc(0), secrets }, now);
  const signature = (change: (value: string) => string | string[] | undefined) =>
    withHeader(sound, 'x-slack-signature', change);
  const timestamp = (change: (value: string) => string | string[] | undefined) =>
    withHeader(sound, 'x-slack-request-timestamp', change);
  const bad = 'callback-bad-signature';

  const cases: Record<string, Case> = {
    good: { request: sound },
    'by the second secret, which is taking over': { request: sound, secrets: [OTHER, SLACK_SECRET] },
    'by another secret': { request: sound, secrets: [OTHER], problem: bad },
    'by no secret, where one is not given': {
      request: slackRequest(body, { secret: '' }),
      secrets: [''],
      problem: bad,
    },
    'with a changed byte': { request: { ...sound, rawBody: Buffer.from(`${body} `) }, problem: bad },
    'of a form that was written anew': {
      request: { ...sound, rawBody: Buffer.from(body.replaceAll('+', '%20')) },
      problem: bad,
    },
    'with the version v1': { request: signature((value) => value.replace('v0', 'v1')), problem: bad },
    'without a version': { request: signature((value) => value.slice('v0='.length)), problem: bad },
    'in upper-case hex': { request: signature(upper), problem: bad },
    'cut short': { request: signature((value) => value.slice(0, -1)), problem: bad },
    'with more behind it': { request: signature((value) => `${value}=`), problem: bad },
    'twice in one header': { request: signature((value) => `${value},${value}`), problem: bad },
    'in two headers': { request: signature((value) => [value, value]), problem: bad },
    'of no bytes at all': { request: { ...sound, rawBody: undefined }, problem: bad },
    missing: { request: signature(() => undefined), problem: 'callback-no-signature' },
    empty: { request: signature(() => ''), problem: 'callback-no-signature' },
    'without a timestamp': { request: timestamp(() => undefined), problem: 'callback-no-signature' },
    'with another timestamp': { request: timestamp((value) => String(Number(value) + 1)), problem: bad },
    'with a timestamp that is none': { request: timestamp((value) => `${value}.0`), problem: bad },
    'with a timestamp in hex': { request: timestamp(() => '0x6b03f2d5'), problem: bad },
    'five minutes old': { request: slackRequest(body, { at: NOW - FIVE_MINUTES }) },
    'older than that': {
      request: slackRequest(body, { at: NOW - FIVE_MINUTES - 1_000 }),
      problem: 'callback-too-old',
    },
    'by a clock five minutes ahead': { request: slackRequest(body, { at: NOW + FIVE_MINUTES - 5_000 }) },
    'further ahead': { request: slackRequest(body, { at: NOW + FIVE_MINUTES + 1_000 }), problem: 'callback-too-old' },
    'old and by another secret': {
      request: slackRequest(body, { at: NOW - 2 * FIVE_MINUTES, secret: OTHER }),
      problem: bad,
    },
  };
  test.each(Object.entries(cases))('%s', (_, each) => {
    expect(problemOf(each)).toBe(each.problem);
  });

  // https://docs.slack.dev/authentication/verifying-requests-from-slack has this secret, body and signature.
  test("Slack's own example", () => {
    const example =
      'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V' +
      '&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=' +
      '&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN' +
      '&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c';
    const headers = {
      'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
      'x-slack-request-timestamp': '1531420618',
    };
    const signed = { headers, body: Buffer.from(example), secrets: ['8f742231b10e8888abcd99yyyzzz85a5'] };
    expect(slackProblem(signed, 1_531_420_618_000)).toBeUndefined();
    expect(slackProblem({ ...signed, body: Buffer.from(`${example}x`) }, 1_531_420_618_000)).toBe(bad);
  });

  test('a body that is no UTF-8 is signed as it is', () => {
    expect(problemOf({ request: slackRequest(Buffer.from([0xff, 0xfe, 0x00])) })).toBeUndefined();
  });
});

describe('PagerDuty', () => {
  const text = JSON.stringify(event());
  const sound = pagerdutyRequest(text);
  const problemOf = ({ request, secrets = [PAGERDUTY_SECRET] }: Case) =>
    pagerdutyProblem({ headers: request.headers, body: request.rawBody ?? Buffer.alloc(0), secrets });
  const signature = (change: (value: string) => string | string[] | undefined) =>
    withHeader(sound, 'x-pagerduty-signature', change);
  const bad = 'callback-bad-signature';

  const cases: Record<string, Case> = {
    good: { request: sound },
    'by the second secret, which is taking over': { request: sound, secrets: [OTHER, PAGERDUTY_SECRET] },
    'by both secrets of a subscription': { request: pagerdutyRequest(text, [OTHER, PAGERDUTY_SECRET]) },
    'by both, with a space between': { request: signature((value) => `v1=${'0'.repeat(64)}, ${value}`) },
    'of two headers': { request: signature((value) => [`v1=${'0'.repeat(64)}`, value]) },
    'beside a version to come': { request: signature((value) => `v2=abc,${value}`) },
    'by another secret': { request: sound, secrets: [OTHER], problem: bad },
    'with a changed byte': { request: { ...sound, rawBody: Buffer.from(`${text} `) }, problem: bad },
    'of a body that was written anew': {
      request: { ...sound, rawBody: Buffer.from(JSON.stringify(JSON.parse(text), null, 1)) },
      problem: bad,
    },
    'with the version v0': { request: signature((value) => value.replace('v1', 'v0')), problem: bad },
    'without a version': { request: signature((value) => value.slice('v1='.length)), problem: bad },
    'in upper-case hex': { request: signature(upper), problem: bad },
    'cut short': { request: signature((value) => value.slice(0, -1)), problem: bad },
    'separated by something else': { request: signature((value) => `${value};${value}`), problem: bad },
    missing: { request: signature(() => undefined), problem: 'callback-no-signature' },
    empty: { request: signature(() => ''), problem: 'callback-no-signature' },
  };
  test.each(Object.entries(cases))('%s', (_, each) => {
    expect(problemOf(each)).toBe(each.problem);
  });

  // PagerDuty publishes no example with its secret; this one was made with OpenSSL.
  test('a digest that another program made', () => {
    const headers = { 'x-pagerduty-signature': 'v1=569b37070ac3a86c913ba82e877df3863be223474d8e1181173050c448ac8ee3' };
    const body = Buffer.from('{"event":{"id":"1"}}');
    expect(pagerdutyProblem({ headers, body, secrets: ['a-secret-of-the-subscription'] })).toBeUndefined();
  });
});

describe('whatever is changed', () => {
  const bodies = fc.uint8Array({ minLength: 1, maxLength: 200 });

  test('no other body has the signature of a body', () => {
    fc.assert(
      fc.property(bodies, fc.nat(), fc.integer({ min: 1, max: 255 }), (body, index, flip) => {
        const changed = Uint8Array.from(body);
        const at = index % body.length;
        changed[at] = (changed[at] ?? 0) ^ flip;
        const slack = slackRequest(body);
        const pagerduty = pagerdutyRequest(body);
        const [slackSecrets, pagerdutySecrets] = [[SLACK_SECRET], [PAGERDUTY_SECRET]];
        expect(slackProblem({ headers: slack.headers, body, secrets: slackSecrets }, NOW)).toBeUndefined();
        expect(slackProblem({ headers: slack.headers, body: changed, secrets: slackSecrets }, NOW)).toBeDefined();
        expect(pagerdutyProblem({ headers: pagerduty.headers, body, secrets: pagerdutySecrets })).toBeUndefined();
        expect(
          pagerdutyProblem({ headers: pagerduty.headers, body: changed, secrets: pagerdutySecrets }),
        ).toBeDefined();
      }),
    );
  });

  test('no text is a signature but the right one, and none throws', () => {
    const body = Buffer.from('a body');
    const right = `v1=${hmac(PAGERDUTY_SECRET, body)}`;
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.stringMatching(/^v1=[0-9a-f]{60,68}$/)),
        (header) => {
          fc.pre(!header.includes(right));
          const headers = { 'x-pagerduty-signature': header };
          expect(pagerdutyProblem({ headers, body, secrets: [PAGERDUTY_SECRET] })).toBeDefined();
        },
      ),
    );
  });
});
