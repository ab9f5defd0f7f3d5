/** One incident as a row: what and where, since when, how it stands, who was told and who is told next. */

import { countdown, el, millisecondsOf, now, present, severity, shortTime, time } from './dom.js';

/**
 * @param {{ until: number } | undefined} mute the button's silence over its group
 * @returns {{ parts: Node[], next: HTMLElement | undefined }} `next` changes by the second
 */
export function incidentRow(incident, mute) {
  const { lead, storm, count, firstNs, round, rules } = incident;
  const next = incident.next && el('span', { class: 'next' }, nextOf(incident));
  const parts = present([
    el(
      'span',
      { class: 'incident-head' },
      severity(incident.severity),
      storm !== undefined && el('span', { class: 'state', 'data-state': 'storm' }, 'storm'),
      el('strong', undefined, titleOf(incident)),
    ),
    el('span', { class: 'where' }, storm === undefined ? placeOf(lead) : `worst: ${lead.rule}, ${placeOf(lead)}`),
    el(
      'span',
      { class: 'who' },
      el('code', undefined, lead.fields['proc.cmdline'] ?? lead.fields['ka.verb'] ?? ''),
      whoOf(lead),
    ),
    el('span', { class: 'since' }, 'since ', time(millisecondsOf(firstNs)), `, ${times(count)}${roundOf(round)}`),
    rules.length > 1 && el('span', { class: 'also' }, `also: ${rules.filter((rule) => rule !== lead.rule).join(', ')}`),
    el('span', { class: 'standing' }, ...present([stateOf(incident), mute && mutedOf(mute)])),
    el('span', { class: 'told-to' }, toldOf(incident)),
    next,
  ]);
  return { parts, next };
}

/** A storm is called by how many it holds, and where. */
export function titleOf({ lead, storm, group }) {
  return storm === undefined ? lead.rule : `${storm} incidents at once in ${group.cluster || 'an unknown cluster'}`;
}

/** Who hears of it next, and in how long by the relay's clock. */
export function nextOf({ next }) {
  const left = next.at - now();
  return `next: ${next.receiver} ${left > 0 ? `in ${countdown(left)}` : 'any moment'}, unless acknowledged`;
}

/** Cluster, then namespace and pod, or the node. */
export function placeOf({ where, hostname }) {
  const cluster = where.cluster
    ? `${where.cluster.project}/${where.cluster.location}/${where.cluster.name}`
    : 'unknown cluster';
  const place = where.namespace
    ? `${where.namespace}/${where.pod ?? where.derivedWorkload ?? '?'}`
    : `node ${where.node ?? hostname}`;
  return `${place} · ${cluster}`;
}

function stateOf({ state, by, observed }) {
  const who = by && state !== 'open' ? ` by ${by.who} ${shortTime(by.at)}` : '';
  return el('span', { class: 'state', 'data-state': state }, `${state}${who}${observed ? ', observed only' : ''}`);
}

const mutedOf = ({ until }) => el('span', { class: 'state', 'data-state': 'muted' }, `muted until ${shortTime(until)}`);

const times = (count) => (count === 1 ? 'once' : `${count} times`);

const roundOf = (round) => (round > 1 ? `, round ${round}` : '');

function whoOf({ fields }) {
  const user = fields['ka.user.name'] ?? fields['user.name'];
  return user === undefined ? '' : ` as ${user}`;
}

function toldOf({ deliveries }) {
  if (deliveries.length === 0) return 'told: nobody yet';
  const told = deliveries.map(({ receiver, outcome }) =>
    outcome === 'delivered' ? receiver : `${receiver} (${outcome})`,
  );
  return `told: ${told.join(', ')}`;
}
