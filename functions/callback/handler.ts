/**
 * callback: what people press in Slack and do in PagerDuty, once in effect.
 *
 * The steps: verify (whose bytes they are), slack or pagerduty (what they ask), options (who may), act, the reply.
 * Nothing is left for later: an instance has no CPU once it has answered.
 */

import type { Answer, Handler } from '../core/http.ts';
import type { Act, ActionResult } from '../core/incident/action.ts';
import type { LogLine, Severity, WriteLog } from '../core/log.ts';
import type { After, Clock } from '../core/ports.ts';
import type { ReasonCode } from '../core/reasons.ts';
import type { Asked, Question } from './asked.ts';
import { within } from './limit.ts';
import { type CallbackOptions, mayAct } from './options.ts';
import { readPagerDuty } from './pagerduty.ts';
import { readSlack } from './slack.ts';
import { type Unverified, verify } from './verify.ts';

/**
 * Slack shows an error after 3 s, the way here and back included; PagerDuty waits for 5 s.
 * https://docs.slack.dev/interactivity/handling-user-interaction#acknowledgment_response
 */
export const ALL_MS = 2_500;
/** The rest is the reply's. */
export const ACT_MS = 1_800;

export interface CallbackDeps {
  /** Undefined where pipeline.yaml has no `callbacks`. */
  options: CallbackOptions | undefined;
  act: Act;
  /** Tells whoever pressed in Slack, and nobody else; throws without the address. */
  reply?: ((url: string, text: string, signal: AbortSignal) => Promise<void>) | undefined;
  clock: Clock;
  after: After;
  writeLog: WriteLog;
}

type Refusal = Unverified['reason'] | (Asked & { ok: false })['reason'] | 'callback-user-refused';

/**
 * How a request is answered that asks nothing, or may not. PagerDuty gets 200 for whatever it rightly sends: it drops
 * what is refused, and after three of those it sends nothing more for a day.
 * https://developer.pagerduty.com/docs/webhooks-behavior
 */
const REFUSALS: Readonly<Record<Refusal, { status: number; severity: Severity; headers?: Answer['headers'] }>> = {
  'callback-not-configured': { status: 404, severity: 'WARNING' },
  'callback-wrong-method': { status: 405, severity: 'INFO', headers: { allow: 'POST' } },
  'callback-too-large': { status: 413, severity: 'WARNING' },
  'callback-no-signature': { status: 401, severity: 'WARNING' },
  'callback-bad-signature': { status: 401, severity: 'WARNING' },
  'callback-too-old': { status: 401, severity: 'WARNING' },
  'callback-malformed': { status: 400, severity: 'WARNING' },
  'callback-ignored': { status: 200, severity: 'INFO' },
  'callback-user-refused': { status: 200, severity: 'WARNING' },
};

export function createCallback(deps: CallbackDeps): Handler {
  return async (request) => {
    const began = deps.clock();
    const verified = verify(request, deps.options, began);
    if (!verified.ok) return refuse(deps, verified.reason, 'callback');
    const { vendor, options, body } = verified;
    const asked = vendor === 'slack' ? readSlack(body) : readPagerDuty(body, began);
    if (!asked.ok) return refuse(deps, asked.reason, `${vendor}: ${asked.detail}`);
    if (!mayAct(options, vendor, asked.user)) {
      const echo = asked.isProgram && (await wouldBe(deps, asked));
      if (echo && echo.kind !== 'done') return answerOf(deps, asked, echo);
      const text = `Nothing was done: ${asked.user} is not among those who may act. Whoever runs Falco Relay can add it.`;
      await reply(deps, asked, text, began);
      return refuse(deps, 'callback-user-refused', wordsOf(asked), labelsOf(asked));
    }
    let result: ActionResult;
    try {
      result = await within(deps.after, ACT_MS, () => deps.act(asked.action));
    } catch (error) {
      return unavailable(deps, asked, error as Error);
    }
    await reply(deps, asked, result.text, began);
    return answerOf(deps, asked, result);
  };
}

/**
 * What would become of it, undefined where the store does not say. PagerDuty tells us of what we told PagerDuty: by then
 * the incident is as asked, which can be said of nothing that somebody else's program wants changed.
 */
async function wouldBe({ after, act }: CallbackDeps, { action }: Question): Promise<ActionResult | undefined> {
  try {
    return await within(after, ACT_MS, () => act({ ...action, onlyAsked: true }));
  } catch {
    return undefined;
  }
}

function refuse({ writeLog }: CallbackDeps, reason: Refusal, message: string, labels?: LogLine['labels']): Answer {
  const { status, severity, headers } = REFUSALS[reason];
  writeLog({ severity, message, reason, ...(labels && { labels }) });
  // Slack may take what comes with a 200 for a message of ours.
  return { status, ...(status === 200 ? {} : { body: { reason } }), ...(headers && { headers }) };
}

/** Slack shows whoever pressed that it failed, PagerDuty sends it again: the id tells us should it have been done. */
function unavailable({ writeLog }: CallbackDeps, asked: Question, error: Error): Answer {
  const reason: ReasonCode = 'store-unavailable';
  writeLog({ severity: 'ERROR', message: `${wordsOf(asked)}: ${error.message}`, reason, labels: labelsOf(asked) });
  return { status: 503, body: { reason } };
}

/** A reply that fails changes nothing of what was done. */
async function reply(deps: CallbackDeps, { replyTo }: Question, text: string, began: number): Promise<void> {
  const { reply: send, after, clock, writeLog } = deps;
  if (!send || replyTo === undefined) return;
  const left = Math.max(0, ALL_MS - (clock() - began));
  try {
    await within(after, left, (signal) => send(replyTo, text, signal));
  } catch (error) {
    const message = `slack: the reply was not sent: ${(error as Error).message}`;
    writeLog({ severity: 'WARNING', message, reason: 'callback-reply-failed' });
  }
}

function answerOf({ writeLog }: CallbackDeps, asked: Question, result: ActionResult): Answer {
  const done = result.kind === 'done';
  const reason: ReasonCode = done ? 'callback-done' : `callback-${result.reason}`;
  const severity = done ? 'NOTICE' : 'INFO';
  writeLog({ severity, message: wordsOf(asked), reason, labels: labelsOf(asked) });
  return { status: 200 };
}

function wordsOf({ action: { via, kind } }: Question): string {
  return `${via}: ${kind}`;
}

/** Who is said by the vendor's id, which nobody can choose. */
function labelsOf({ action: { via, kind }, user }: Question): Record<string, string> {
  return { via, action: kind, ...(user === undefined ? {} : { user }) };
}
