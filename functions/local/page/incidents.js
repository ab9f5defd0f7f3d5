/** Open incidents, and what people are told of the one that is selected. */

import { byId, definitions, el, exactBody, millisecondsOf, present, say, severity, time } from './dom.js';
import { pagerdutyEvent } from './pagerduty.js';
import { slackMessage } from './slack.js';

const MAX_INCIDENTS = 100;
const MAX_NOTICES = 200;

/** Most urgent first. */
const PRIORITIES = ['Emergency', 'Alert', 'Critical', 'Error', 'Warning', 'Notice', 'Informational', 'Debug'];

const incidents = new Map();
let notices = [];
const rows = new Map();
let selected;
/** The place whose incident is to be selected as soon as it is there. */
let awaited;
let toldKey = '';

export function reset() {
  incidents.clear();
  notices = [];
}

export function add(changed, told) {
  for (const incident of changed) incidents.set(incident.key, incident);
  notices = [...notices, ...told].slice(-MAX_NOTICES);
  while (incidents.size > MAX_INCIDENTS) incidents.delete(incidents.keys().next().value);
}

/** Selects the incident of a place, now or once it opens. */
export function awaitPlace(where) {
  awaited = where;
}

export function render() {
  const open = [...incidents.values()].filter(isOpen).sort(byUrgency);
  const list = byId('incident-list');
  byId('no-incidents').hidden = open.length > 0;
  say(byId('incident-count'), open.length > 0 ? open.length : '');
  const mine =
    awaited && open.find(({ group }) => Object.entries(awaited).every(([name, value]) => group[name] === value));
  if (mine) {
    selected = mine.key;
    awaited = undefined;
  } else if (!open.some(({ key }) => key === selected)) selected = open[0]?.key;
  for (const key of rows.keys()) if (!open.some((incident) => incident.key === key)) dropRow(key);
  open.forEach((incident, place) => {
    const row = rows.get(incident.key) ?? newRow(incident.key);
    fill(row, incident);
    // Moving a row that stands where it belongs would take the focus from it.
    if (list.children[place] !== row.item) list.insertBefore(row.item, list.children[place] ?? null);
  });
  // Within the list alone: who pressed a button keeps it, and the equation, in sight.
  if (mine) list.scrollTop = rows.get(mine.key).item.offsetTop - list.offsetTop;
  renderTold(incidents.get(selected));
}

const isOpen = ({ state }) => state === 'open' || state === 'acknowledged';

function byUrgency(a, b) {
  const bySeverity = PRIORITIES.indexOf(a.severity) - PRIORITIES.indexOf(b.severity);
  return bySeverity || millisecondsOf(a.firstNs) - millisecondsOf(b.firstNs);
}

function newRow(key) {
  const button = el('button', { type: 'button', class: 'incident' });
  button.addEventListener('click', () => {
    selected = key;
    render();
    // Side by side nothing moves; stacked, the page is below the list.
    byId('told-title').scrollIntoView({ block: 'nearest' });
  });
  const row = { item: el('li', undefined, button), button, drawn: undefined };
  rows.set(key, row);
  return row;
}

function dropRow(key) {
  rows.get(key)?.item.remove();
  rows.delete(key);
}

function fill(row, incident) {
  row.button.setAttribute('aria-current', String(incident.key === selected));
  if (row.drawn === incident) return;
  row.drawn = incident;
  const { lead } = incident;
  row.button.replaceChildren(
    ...present([
      el('span', { class: 'incident-head' }, severity(incident.severity), el('strong', undefined, lead.rule)),
      el('span', { class: 'where' }, placeOf(lead)),
      el(
        'span',
        { class: 'who' },
        el('code', undefined, lead.fields['proc.cmdline'] ?? lead.fields['ka.verb'] ?? ''),
        whoOf(lead),
      ),
      el(
        'span',
        { class: 'since' },
        'since ',
        time(millisecondsOf(incident.firstNs)),
        `, ${times(incident.count)} · ${incident.state}${toldOf(incident)}`,
      ),
      incident.rules.length > 1 &&
        el('span', { class: 'also' }, `also: ${incident.rules.filter((rule) => rule !== lead.rule).join(', ')}`),
    ]),
  );
}

const times = (count) => (count === 1 ? 'once' : `${count} times`);

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

function whoOf({ fields }) {
  const user = fields['ka.user.name'] ?? fields['user.name'];
  return user === undefined ? '' : ` as ${user}`;
}

function toldOf({ deliveries }) {
  const told = deliveries.map(({ receiver, outcome }) =>
    outcome === 'delivered' ? receiver : `${receiver} (${outcome})`,
  );
  return told.length > 0 ? ` · told: ${told.join(', ')}` : '';
}

function renderTold(incident) {
  const latest = incident && notices.filter(({ key }) => key === incident.key).at(-1);
  byId('no-told').hidden = incident !== undefined;
  const key = incident ? `${incident.key} ${latest?.id}` : '';
  if (key === toldKey) return;
  toldKey = key;
  if (!incident) byId('told').replaceChildren();
  else if (!latest) byId('told').replaceChildren(el('p', { class: 'empty' }, 'Not told yet.'));
  else {
    const head = definitions(
      [
        ['sent', time(latest.at)],
        ['as', latest.type],
        ['receiver', latest.receiver],
      ],
      { class: 'told-head' },
    );
    const channels = el(
      'div',
      { class: 'channels' },
      channel('Slack', slackMessage(latest.slack), latest.slack),
      channel('PagerDuty', pagerdutyEvent(latest.pagerduty), latest.pagerduty),
    );
    byId('told').replaceChildren(head, channels);
  }
}

function channel(name, drawn, body) {
  return el('section', { class: 'channel', 'aria-label': name }, el('h3', undefined, name), drawn, exactBody(body));
}
