/** The live page: follows /events, draws at most once a frame, and presses the demo's buttons. */

import { byId, definitions, duration, say } from './dom.js';
import * as incidents from './incidents.js';
import * as stream from './stream.js';

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
  stream.render();
  drawPause();
}

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
  const button = byId('loki');
  button.hidden = !loki.breakable;
  const action = loki.state === 'broken' ? 'mend-loki' : 'break-loki';
  if (button.dataset.action === action) return;
  button.dataset.action = action;
  say(button, action === 'mend-loki' ? 'Mend Loki' : 'Break Loki');
}

function connection(state) {
  byId('connection').dataset.state = state;
  say(byId('connection'), state);
}

for (const button of document.querySelectorAll('[data-action]')) {
  button.addEventListener('click', () => press(button));
}

async function press(button) {
  if (button.getAttribute('aria-disabled') === 'true') return;
  // Not `disabled`: that would take the focus away from who uses the keyboard.
  button.setAttribute('aria-disabled', 'true');
  try {
    const response = await fetch(`actions/${button.dataset.action}`, {
      method: 'POST',
      headers: { 'x-falco-relay': 'page' },
    });
    const { said, where } = await response.json();
    say(byId('said'), said);
    if (where) {
      incidents.awaitPlace(where);
      incidents.render();
    }
  } catch {
    say(byId('said'), 'The relay did not answer.');
  } finally {
    button.removeAttribute('aria-disabled');
  }
}

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

function announceIncident({ key, severity, lead }) {
  if (announced.has(key)) return;
  announced.add(key);
  toAnnounce = [...toAnnounce, `${severity}: ${lead.rule}, ${incidents.placeOf(lead)}`];
  if (announcing) return;
  announcing = true;
  setTimeout(() => {
    const [first] = toAnnounce;
    say(byId('announcer'), toAnnounce.length === 1 ? first : `${toAnnounce.length} new incidents, first ${first}`);
    toAnnounce = [];
    announcing = false;
  }, ANNOUNCE_MS);
}
