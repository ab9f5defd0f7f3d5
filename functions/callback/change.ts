/** Change: what an action makes of an incident, who hears of it, and the sentence for whoever asked. Pure. */

import { hash } from 'node:crypto';
import type { Action, ActionResult } from '../core/incident/action.ts';
import { type Incident, isLive, lead, nextRound } from '../core/incident/incident.ts';
import { acknowledged, resolved } from '../core/incident/incident-acts.ts';
import type { StoredSilence } from '../core/mute/mute.ts';
import { timeText } from '../core/page/page-state.ts';
import { headlineOf } from '../core/page/phrase.ts';
import { plain } from '../core/plain.ts';

const RESOLVED = 'Resolved: what comes next is a new incident.';
const STORM_STAYS =
  "A storm can't be muted: that would hide what is new in the whole cluster. Nothing was changed. Acknowledge it: then it pages again only where it gets worse, or doubles.";

/** The longest that a button mutes. */
const LONGEST_MUTE_MS = 24 * 3_600_000;
const USUAL_MUTE_MS = 3_600_000;

export interface Change {
  result: ActionResult;
  /** As it is to be; absent where nothing changes. */
  incident?: Incident;
  /** Receivers to be rung. */
  page?: readonly string[];
  silence?: StoredSilence;
}

export interface ChangeContext {
  oncall: string | undefined;
  /** By the store's clock. */
  now: number;
}

export function changeOf(incident: Incident, action: Action, context: ChangeContext): Change {
  const { by } = action;
  const { now } = context;
  switch (action.kind) {
    case 'acknowledge':
      return acted(incident, acknowledged(incident, by, now), 'Acknowledged: nobody further is told.');
    case 'resolve':
      return unsilenced(acted(incident, resolved(incident, by, now), RESOLVED), by, now);
    case 'mute':
      return muted(incident, action, now);
    case 'unmute':
      return unmuted(incident, by, now);
    case 'page':
      return paged(incident, action, context);
    case 'why':
      return { result: { kind: 'done', text: whyOf(incident) } };
  }
}

function acted(before: Incident, { incident, reason }: ReturnType<typeof acknowledged>, text: string): Change {
  if (incident) return { result: { kind: 'done', text }, incident };
  const already = reason === 'incident-over' ? `It is ${before.state} already.` : `${whoOf(before)} did so already.`;
  return { result: { kind: 'unchanged', reason: 'already', text: already } };
}

const whoOf = ({ by }: Incident): string => (by ? `${by.who} (${timeText(by.at)})` : 'Somebody');

/** Expected, so nobody need be told again for a while; who says so has seen it. */
function muted(before: Incident, { by, forMs = USUAL_MUTE_MS }: Action, now: number): Change {
  if (!isLive(before)) return acted(before, { reason: 'incident-over' }, '');
  if (before.storm) return { result: { kind: 'unchanged', reason: 'impossible', text: STORM_STAYS } };
  const until = now + Math.min(Math.max(forMs, 0), LONGEST_MUTE_MS);
  const incident = { ...(acknowledged(before, by, now).incident ?? before), mute: { who: by, at: now, until } };
  const { mute } = before;
  const silence: StoredSilence = {
    // One that is pressed again before its end is the same one, with its count.
    id:
      mute && mute.until > now ? mute.id : `button.${hash('sha256', `${before.groupKey} ${now}`, 'hex').slice(0, 12)}`,
    kind: 'silence',
    groupKey: before.groupKey,
    owner: by,
    reason: `expected: ${headlineOf(lead(before).alert)}`.slice(0, 240),
    madeAt: now,
    until,
  };
  const text = `Muted until ${timeText(until)}: its alerts stay in Loki, marked, and tell nobody. An Emergency still does.`;
  return {
    result: { kind: 'done', text },
    incident: { ...incident, mute: { ...incident.mute, id: silence.id } },
    silence,
  };
}

function unmuted(before: Incident, by: string, now: number): Change {
  const ended = endOfMute(before, by, now);
  if (!ended) return { result: { kind: 'unchanged', reason: 'already', text: 'It is not muted.' } };
  return { result: { kind: 'done', text: 'No longer muted.' }, ...ended };
}

/** Nobody expects any more what was expected of an incident that is over, and a new one must be heard. */
function unsilenced(change: Change, by: string, now: number): Change {
  const ended = change.incident && endOfMute(change.incident, by, now);
  if (!ended) return change;
  const { result } = change;
  return { result: { ...result, text: `${result.text} It is no longer muted.` }, ...ended };
}

/** The silence ends now; sweep says how many alerts it kept quiet. Undefined where there is none. */
function endOfMute(before: Incident, by: string, now: number): Pick<Change, 'incident' | 'silence'> | undefined {
  const { mute } = before;
  if (!mute || mute.until <= now) return undefined;
  const silence: StoredSilence = {
    id: mute.id,
    kind: 'silence',
    groupKey: before.groupKey,
    owner: mute.who,
    reason: `ended by ${by}`,
    madeAt: mute.at,
    until: now,
  };
  return { incident: { ...before, mute: { ...mute, until: now } }, silence };
}

/** Whoever is on call is rung now, also where they were rung before. */
function paged(before: Incident, { by }: Action, { oncall, now }: ChangeContext): Change {
  if (!isLive(before)) return acted(before, { reason: 'incident-over' }, '');
  if (oncall === undefined) {
    const text = 'Nobody is on call: pipeline.yaml names no receiver for this.';
    return { result: { kind: 'unchanged', reason: 'impossible', text } };
  }
  const known = before.receivers.includes(oncall);
  const told = known ? before : { ...before, receivers: [...before.receivers, oncall], pagedAt: now };
  // What was acknowledged is so by others than who is rung now: it is theirs to say.
  const isNewRound = known || before.state === 'acknowledged';
  const incident = isNewRound ? nextRound(told, now, [oncall]) : told;
  const text = `${oncall} is being paged, asked for by ${by}.`;
  const called = { by, receiver: oncall };
  return { result: { kind: 'done', text }, incident: { ...incident, called }, page: [oncall] };
}

/** How it came to this: severity, who was told, and what else there is. */
function whyOf(incident: Incident): string {
  const { alert, rule } = lead(incident);
  const severity =
    alert.priority === alert.falcoPriority
      ? `${alert.priority}, as Falco says`
      : `${alert.priority} (Falco says ${alert.falcoPriority}): ${alert.severityReason ?? 'as pipeline.yaml has it'}`;
  const told = incident.receivers.length > 0 ? `told: ${incident.receivers.join(', ')}` : 'nobody was told';
  const times = incident.count === 1 ? 'one alert' : `${incident.count} alerts of ${incident.rules.length} rules`;
  const shadows = alert.shadows?.map(({ id }) => id).join(', ');
  const parts = [
    `Rule "${rule}" is ${severity}`,
    `${times} in ${incident.groupKey}`,
    `${told}, round ${incident.round}`,
    shadows && `would have been muted by ${shadows}`,
  ];
  return plain(`${parts.filter(Boolean).join('; ')}.`, 1_500);
}
