/** The stream: each attempt at each event, newest on top, and on request why it went the way it did. */

import { byId, definitions, duration, el, severity, time } from './dom.js';
import { placeOf } from './incident-row.js';

const MAX_EVENTS = 200;

const OUTCOMES = {
  written: 'written',
  repeat: 'repeat',
  parked: 'parked',
  retry: 'waiting for Loki',
  redelivery: 'redelivery',
  nack: 'comes again',
  summary: 'summary',
};

const ROLES = {
  first: 'The first of its kind in its window: written to Loki.',
  repeat: 'The same thing again within its window: counted, not written. A summary follows when the window closes.',
  keep: 'The same thing again, but it escalates: evidence, so it is written too.',
};

let pending = [];
let paused = false;

export function reset() {
  pending = [];
  byId('stream').replaceChildren();
}

export function add(events) {
  pending = [...pending, ...events].slice(-MAX_EVENTS);
}

export function pause(now) {
  paused = now;
}

/** How many wait behind the pause. */
export const held = () => (paused ? pending.length : 0);

export function render() {
  if (paused || pending.length === 0) return;
  const list = byId('stream');
  const fresh = pending.map(row).reverse();
  pending = [];
  list.prepend(...fresh);
  while (list.childElementCount > MAX_EVENTS) list.lastElementChild.remove();
  byId('no-events').hidden = true;
}

function row(event) {
  const outcome = event.role === 'keep' && event.outcome === 'written' ? 'kept' : OUTCOMES[event.outcome];
  const details = el(
    'details',
    undefined,
    el(
      'summary',
      undefined,
      time(event.at),
      ' ',
      el('span', { class: 'outcome', 'data-outcome': event.outcome }, outcome),
      ' ',
      event.effectivePriority && severity(event.effectivePriority),
      ' ',
      el('span', { class: 'rule' }, event.rule ?? 'not a Falco event'),
      ' ',
      el('span', { class: 'where' }, subtitle(event)),
    ),
  );
  // Built when first opened: two hundred rows of reasons that nobody reads would cost every batch.
  details.addEventListener('toggle', () => details.append(why(event)), { once: true });
  return el('li', undefined, details);
}

function subtitle(event) {
  if (event.outcome === 'summary') return `${event.n} repeats in one entry`;
  return event.where ? placeOf({ where: event.where, hostname: '' }) : event.detail;
}

function why(event) {
  if (event.outcome === 'summary') {
    return definitions(
      [
        ['what', `A window closed: ${event.n} repeats are one entry in Loki (${event.result}).`],
        ['window', code(event.windowId)],
        ['reasons', event.reasons.join(', ')],
      ],
      { class: 'why' },
    );
  }
  if (!event.where) {
    return definitions(
      [
        ['reason', event.reasons.join(', ')],
        ['detail', event.detail],
        ['message', code(event.messageId)],
      ],
      { class: 'why' },
    );
  }
  return definitions(
    [
      ['output', code(event.output)],
      ['role', roleOf(event)],
      ['severity', severityOf(event)],
      ['escalates', event.escalates ? 'Yes: an incident opens or counts it.' : 'No: log only.'],
      ['same thing if', fingerprintOf(event)],
      ['enrichment', [event.enrichment, ...event.enrichmentReasons].join(', ')],
      ['redacted', event.redacted === 0 ? 'nothing' : `${event.redacted} ${event.redacted === 1 ? 'value' : 'values'}`],
      ['lag', `${duration(event.lagMs)} from the event's own time`],
      ['owed', owedOf(event)],
      ['reasons', event.reasons.join(', ')],
      ['uuid', code(event.uuid)],
    ],
    { class: 'why' },
  );
}

const code = (text) => el('code', undefined, text);

function roleOf({ role, again, outcome }) {
  if (outcome === 'redelivery')
    return 'A redelivery: the same event again, nothing was owed any more, nothing was done.';
  const text = ROLES[role] ?? 'Unknown: the store gave no answer.';
  return again ? `${text} Seen before: this attempt only did what was still owed.` : text;
}

function severityOf({ priority, effectivePriority, severityReason }) {
  const change =
    priority === effectivePriority ? effectivePriority : `${effectivePriority}, where Falco says ${priority}`;
  return `${change} (${severityReason})`;
}

function fingerprintOf({ family, fingerprintFields, fingerprint }) {
  const entries = Object.entries(fingerprintFields).map(([name, value]) => [
    name,
    code(value === '' ? '(empty)' : value),
  ]);
  return el(
    'div',
    undefined,
    `family ${family}, fingerprint `,
    code(fingerprint),
    definitions(entries, { class: 'fields' }),
  );
}

function owedOf({ owed }) {
  if (!owed) return '';
  const parts = [owed.log && 'its entry in Loki', owed.escalation && 'its escalation'].filter(Boolean);
  return parts.length > 0 ? parts.join(' and ') : 'nothing';
}
