/** Incidents: those that are open, the worst on top, those that are over, and which one is selected. */

import { byId, millisecondsOf, say } from './dom.js';
import { incidentRow, nextOf, titleOf } from './incident-row.js';
import * as mutes from './mutes.js';
import * as told from './told.js';

const MAX_INCIDENTS = 100;

/** Most urgent first. */
const PRIORITIES = ['Emergency', 'Alert', 'Critical', 'Error', 'Warning', 'Notice', 'Informational', 'Debug'];

const incidents = new Map();
const rows = new Map();
let selected;
/** The place whose incident is to be selected as soon as it is there. */
let awaited;

export function reset() {
  incidents.clear();
  told.reset();
}

export function add(changed, notices) {
  for (const incident of changed) incidents.set(incident.key, incident);
  while (incidents.size > MAX_INCIDENTS) forgetOne();
  told.add(notices);
}

/** Selects the incident of a place, now or once it opens. */
export function awaitPlace(where) {
  awaited = where;
}

export function render() {
  const all = [...incidents.values()];
  // What a storm holds is listed by the storm.
  const open = all.filter((incident) => isOpen(incident) && !incident.heldBy).sort(byUrgency);
  const closed = all.filter((incident) => !isOpen(incident)).sort((a, b) => b.at - a.at);
  byId('no-incidents').hidden = open.length > 0;
  say(byId('incident-count'), open.length > 0 ? open.length : '');
  byId('closed').hidden = closed.length === 0;
  say(byId('closed-count'), closed.length);
  const found = awaited && all.find((incident) => isOpen(incident) && isAwaited(incident));
  const mine = found?.heldBy ? open.find(({ groupKey }) => groupKey === found.heldBy) : found;
  if (mine) {
    selected = mine.key;
    awaited = undefined;
  } else if (!incidents.has(selected)) selected = open[0]?.key;
  const shown = new Set([...open, ...closed].map(({ key }) => key));
  for (const key of rows.keys()) if (!shown.has(key)) dropRow(key);
  place(byId('incident-list'), open);
  place(byId('closed-list'), closed);
  // Within the list alone: who pressed a button keeps it, and the equation, in sight.
  if (mine) byId('incident-list').scrollTop = rows.get(mine.key).item.offsetTop - byId('incident-list').offsetTop;
  const incident = incidents.get(selected);
  told.render(incident, incident?.storm === undefined ? [] : membersOf(incident, all));
}

/** Once a second: what is told next comes nearer. */
export function tick() {
  for (const { next, drawn } of rows.values()) if (next) say(next, nextOf(drawn));
}

/** Selects the open incident whose next tier comes first, and says so; undefined where nobody is told next. */
export function awaitTier() {
  const waiting = [...incidents.values()].filter((incident) => isOpen(incident) && incident.next);
  const first = waiting.sort((a, b) => a.next.at - b.next.at)[0];
  if (!first) return undefined;
  selected = first.key;
  render();
  return `Acknowledge nothing. ${titleOf(first)}, ${nextOf(first)}.`;
}

const isOpen = ({ state }) => state === 'open' || state === 'acknowledged';

function isAwaited({ group, storm }) {
  const labels = { ...group, ...(storm !== undefined && { storm: 'true' }) };
  return Object.entries(awaited).every(([name, value]) => labels[name] === value);
}

function membersOf({ groupKey, firstNs }, all) {
  return all.filter(({ heldBy, lastNs }) => heldBy === groupKey && BigInt(lastNs) >= BigInt(firstNs)).sort(byUrgency);
}

function byUrgency(a, b) {
  const bySeverity = PRIORITIES.indexOf(a.severity) - PRIORITIES.indexOf(b.severity);
  return bySeverity || millisecondsOf(a.firstNs) - millisecondsOf(b.firstNs);
}

/** As the relay forgets them: what is over, then what a storm holds, then the oldest. */
function forgetOne() {
  const all = [...incidents.values()];
  const gone = all.find((incident) => !isOpen(incident)) ?? all.find(({ heldBy }) => heldBy !== undefined) ?? all[0];
  incidents.delete(gone.key);
}

function place(list, wanted) {
  wanted.forEach((incident, index) => {
    const row = rows.get(incident.key) ?? newRow(incident.key);
    fill(row, incident);
    // Moving a row that stands where it belongs would take the focus from it.
    if (list.children[index] !== row.item) list.insertBefore(row.item, list.children[index] ?? null);
  });
}

function newRow(key) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'incident';
  button.addEventListener('click', () => {
    selected = key;
    render();
    // Side by side nothing moves; stacked, the page is below the list.
    byId('told-title').scrollIntoView({ block: 'nearest' });
  });
  const item = document.createElement('li');
  item.append(button);
  const row = { item, button };
  rows.set(key, row);
  return row;
}

function dropRow(key) {
  rows.get(key)?.item.remove();
  rows.delete(key);
}

function fill(row, incident) {
  row.button.setAttribute('aria-current', String(incident.key === selected));
  const mute = isOpen(incident) ? mutes.ofGroup(incident.groupKey) : undefined;
  if (row.drawn === incident && row.until === mute?.until) return;
  const { parts, next } = incidentRow(incident, mute);
  row.button.replaceChildren(...parts);
  Object.assign(row, { drawn: incident, until: mute?.until, next });
}
