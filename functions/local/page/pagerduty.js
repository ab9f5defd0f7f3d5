/** Bodies of PagerDuty's Events v2, drawn about as its incident page does. */

import { definitions, el, link } from './dom.js';

/** All that one word comes to there: nothing, an alert, or an alert and what became of it. */
export function pagerdutyEvents(bodies) {
  if (bodies.length === 0) return el('p', { class: 'empty' }, 'PagerDuty is not told: nothing rings.');
  return el('div', { class: 'pagerduty' }, ...bodies.map(event));
}

function event(body) {
  const { payload, links = [], event_action: action } = body;
  if (!payload) return definitions([[`${action}, nothing rings`, body.dedup_key]]);
  return el(
    'div',
    { class: 'pagerduty' },
    el('h4', undefined, payload.summary ?? ''),
    definitions(
      [
        ['severity', payload.severity],
        ['source', payload.source],
        ['component', payload.component],
        ['group', payload.group],
        ['class', payload.class],
        ['dedup_key', body.dedup_key],
      ],
      { class: 'pagerduty-head' },
    ),
    details(payload.custom_details),
    links.length > 0 &&
      el('p', { class: 'links' }, ...links.flatMap(({ href, text }) => [link(href, text ?? href), ' '])),
  );
}

function details(value) {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object') return el('p', undefined, String(value));
  const entries = Object.entries(value).map(([name, entry]) => [name, readable(entry)]);
  return definitions(entries, { class: 'pagerduty-details' });
}

function readable(value) {
  if (Array.isArray(value)) return el('ul', undefined, ...value.map((item) => el('li', undefined, readable(item))));
  if (value !== null && typeof value === 'object') return details(value);
  return String(value ?? '');
}
