/** The live page: follows /events, draws at most once a frame, and presses the demo's buttons. */

import { byId, definitions, duration, say, setNow } from './dom.js';
import { placeOf, titleOf } from './incident-row.js';
import * as incidents from './incidents.js';
import * as mutes from './mutes.js';
import { ask, whileBusy } from './press.js';
import * as stream from './stream.js';
import * as told from './told.js';

/** A screen reader hears at most this often. */
const ANNOUNCE_MS = 4_000;

let latest;
let drawing = false;
const announced = new Set();
let announcing = false;
let toAnnounce = [];

const source = new EventSource('events');
source.addEventListener('open', () => connection('live'));
source.addEventListener('error', () => connection('reconnecting'));
source.addEventListener('everything', ({ data }) => {
  incidents.reset();
  stream.reset();
  take(JSON.parse(data));
});
source.addEventListener('changes', ({ data }) => take(JSON.parse(data)));

function take(news) {
  latest = news;
  setNow(news.status.now);
  told.allowPresses(news.status.pressable);
  mutes.take(news.mutes, news.status.pressable);
  incidents.add(news.incidents, news.notices);
  stream.add(news.events);
  for (const incident of news.incidents) announceIncident(incident);
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(draw);
}

function draw() {
  drawing = false;
  drawEquation(latest);
  incidents.render();
  mutes.render();
  stream.render();
  drawPause();
}

told.onChoice(incidents.render);
setInterval(incidents.tick, 1_000);

function drawEquation({ counts, lag, status }) {
  for (const name of ['received', 'written', 'repeats', 'parked', 'waiting']) say(byId(name), counts[name]);
  byId('waiting-term').hidden = counts.waiting === 0;
  const { state, text } = balanceOf(counts, status);
  byId('balance').dataset.state = state;
  say(byId('balance'), text);
  const facts = [
    [
      'lag, event to Loki',
      lag.of > 0 ? `median ${duration(lag.median)}, worst ${duration(lag.worst)}` : 'nothing written yet',
    ],
    ['delivered again', `${counts.again} times`],
    ['summaries', counts.summaries > 0 ? `${counts.summaries}, for ${counts.summarised} repeats` : 'none yet'],
    ['told', `${counts.delivered} ${counts.delivered === 1 ? 'page or update' : 'pages and updates'}`],
    ['Loki', lokiOf(status)],
    ['retry topic', `${status.retrying} waiting`],
    ['dead letters', String(status.deadLetters)],
  ];
  const key = JSON.stringify(facts);
  if (byId('facts').dataset.key !== key) {
    byId('facts').dataset.key = key;
    byId('facts').replaceChildren(...definitions(facts).children);
  }
  drawLoki(status);
  drawToggle('node', status.silenced, ['wake-node', 'Let the node speak'], ['silence-node', 'Silence a node']);
}

/** Received must equal what became of it, and Loki's own count must agree with ours. */
function balanceOf(counts, { loki }) {
  const accounted = counts.written + counts.repeats + counts.parked + counts.waiting;
  if (counts.received === 0) return { state: 'even', text: 'nothing has arrived yet' };
  if (counts.unexplained > 0) return { state: 'odd', text: `✗ ${counts.unexplained} acknowledged without a trace` };
  if (accounted !== counts.received) return { state: 'odd', text: '✗ does not balance' };
  if (loki.state === 'up' && loki.events !== undefined && loki.events !== counts.written && counts.waiting === 0) {
    return { state: 'odd', text: `✗ Loki has ${loki.events}, we say ${counts.written}` };
  }
  if (counts.waiting > 0)
    return { state: 'waiting', text: '✓ balances; what waits is not acknowledged or lies on the retry topic' };
  return { state: 'even', text: '✓ balances' };
}

function lokiOf({ loki }) {
  if (loki.state === 'broken') return 'broken by you';
  return loki.events === undefined ? loki.address : `${loki.events} events in the local log`;
}

function drawLoki({ loki }) {
  byId('loki').hidden = !loki.breakable;
  drawToggle('loki', loki.state === 'broken', ['mend-loki', 'Mend Loki'], ['break-loki', 'Break Loki']);
}

/** A button that undoes what it did. */
function drawToggle(id, done, undo, again) {
  const [action, words] = done ? undo : again;
  const button = byId(id);
  if (button.dataset.action === action) return;
  button.dataset.action = action;
  say(button, words);
}

function connection(state) {
  byId('connection').dataset.state = state;
  say(byId('connection'), state);
}

for (const button of document.querySelectorAll('[data-action]')) {
  button.addEventListener('click', () => press(button));
}

function press(button) {
  void whileBusy(button, async () => {
    const { said, where } = await ask(button.dataset.action);
    say(byId('said'), said);
    if (!where) return;
    incidents.awaitPlace(where);
    incidents.render();
  });
}

byId('wait').addEventListener('click', () => {
  say(byId('said'), incidents.awaitTier() ?? 'Nobody is told next: all is acknowledged, or everybody was told.');
});

byId('pause').addEventListener('click', () => {
  const paused = byId('pause').getAttribute('aria-pressed') !== 'true';
  byId('pause').setAttribute('aria-pressed', String(paused));
  stream.pause(paused);
  stream.render();
  drawPause();
});

function drawPause() {
  const held = stream.held();
  say(
    byId('pause'),
    held > 0 ? `Paused, ${held} new` : byId('pause').getAttribute('aria-pressed') === 'true' ? 'Paused' : 'Pause',
  );
}

function announceIncident(incident) {
  const { key, severity, lead, heldBy } = incident;
  // A storm speaks for what it holds.
  if (heldBy || announced.has(key)) return;
  announced.add(key);
  toAnnounce = [...toAnnounce, `${severity}: ${titleOf(incident)}, ${placeOf(lead)}`];
  if (announcing) return;
  announcing = true;
  setTimeout(() => {
    const [first] = toAnnounce;
    say(byId('announcer'), toAnnounce.length === 1 ? first : `${toAnnounce.length} new incidents, first ${first}`);
    toAnnounce = [];
    announcing = false;
  }, ANNOUNCE_MS);
}
