/** What people are told of the selected incident: word by word, as each receiver's vendor gets it. */

import { chatCard } from './chat.js';
import { byId, el, exactBody, present, say, severity, time } from './dom.js';
import { placeOf } from './incident-row.js';
import { pagerdutyEvents } from './pagerduty.js';
import { ask, whileBusy } from './press.js';
import { slackMessage } from './slack.js';

const MAX_NOTICES = 200;

let notices = [];
let pressable = false;
/** What is drawn now: of which incident, which word, and how many members. */
let shown = { key: undefined, notice: undefined, members: 0 };
/** The word that was chosen; undefined: always the latest. */
let chosen;
const words = el('ol', { class: 'words', 'aria-label': 'Words, in order' });
const members = el('div');
const body = el('div');
/** It outlives the drawing of what the press brought about. */
const reply = el('p', { class: 'reply', role: 'status' });

export function reset() {
  notices = [];
  words.replaceChildren();
  shown = {};
}

export function add(fresh) {
  notices = [...notices, ...fresh].slice(-MAX_NOTICES);
}

/** @param {boolean} can whether the relay takes presses from here */
export function allowPresses(can) {
  pressable = can;
}

/** @param held the incidents that it holds, where it is a storm */
export function render(incident, held) {
  byId('no-told').hidden = incident !== undefined;
  byId('told').hidden = incident === undefined;
  if (!incident) return;
  if (incident.key !== shown.key) {
    chosen = undefined;
    say(reply, '');
    words.replaceChildren();
    shown = { key: incident.key };
    byId('told').replaceChildren(members, words, body);
  }
  if (held.length !== shown.members) drawMembers(held);
  const mine = notices.filter(({ key }) => key === incident.key);
  listWords(mine);
  const notice = mine.find(({ id }) => id === chosen) ?? mine.at(-1);
  for (const button of words.querySelectorAll('button')) {
    button.setAttribute('aria-current', String(Number(button.dataset.id) === notice?.id));
  }
  const newest = notice && mine.findLast(({ receiver }) => receiver === notice.receiver) === notice;
  const drawing = notice ? `${notice.id} ${newest}` : whyNotTold(incident);
  if (drawing === shown.notice) return;
  shown.notice = drawing;
  const alerted = mine.findLast(
    ({ id, receiver, pagerduty }) => id <= notice?.id && receiver === notice.receiver && isAlerted(pagerduty),
  );
  asItWas(() =>
    body.replaceChildren(...(notice ? channelsOf(notice, newest, alerted) : [el('p', { class: 'empty' }, drawing)])),
  );
}

/** Whether PagerDuty has an alert by these, and not only what became of one. */
const isAlerted = (events) => events.some(({ payload }) => payload);

function whyNotTold({ heldBy, observed, deliveries }) {
  if (heldBy) return 'A storm holds it: the storm is what people are told.';
  if (observed) return 'Observed only: nobody is told.';
  return deliveries.length > 0 ? 'It is sent to real receivers, and not kept here.' : 'Not told yet.';
}

/** Only what is missing is added: the word that has the focus keeps it. */
function listWords(mine) {
  const known = new Set([...words.querySelectorAll('button')].map(({ dataset }) => Number(dataset.id)));
  for (const notice of mine) if (!known.has(notice.id)) words.append(word(notice));
  while (words.childElementCount > mine.length) words.firstElementChild.remove();
  words.hidden = mine.length === 0;
  if (chosen === undefined) words.scrollTop = words.scrollHeight;
}

function word({ id, at, type, receiver, round, state, key }) {
  const button = el(
    'button',
    { type: 'button', class: 'word', 'data-id': String(id) },
    time(at),
    ' ',
    el('strong', undefined, type),
    ` to ${receiver}, ${state}${round > 1 ? `, round ${round}` : ''}`,
  );
  button.addEventListener('click', () => {
    const last = notices.findLast((notice) => notice.key === key);
    chosen = id === last?.id ? undefined : id;
    shown.notice = undefined;
    say(reply, '');
    redraw();
  });
  return el('li', undefined, button);
}

let redraw = () => {};

/** Called when a word was chosen. */
export function onChoice(listener) {
  redraw = listener;
}

/** @param alerted the word by which PagerDuty has what it shows */
function channelsOf(notice, newest, alerted) {
  const onPress = pressable && newest ? press : undefined;
  const slack = slackMessage(notice.slack, onPress);
  return [
    el(
      'div',
      { class: 'channels' },
      channel('Slack', [slack, reply], [notice.slack]),
      channel('PagerDuty', pagerdutyOf(notice, alerted), notice.pagerduty),
    ),
    el(
      'div',
      { class: 'channels further' },
      folded('Google Chat', () => [chatCard(notice.chat), exactBody(notice.chat)]),
      folded('Webhook, as Alertmanager sends it', () => [json(notice.webhook)]),
      folded('Alertmanager, as it takes alerts', () => [json(notice.alertmanager)]),
    ),
  ];
}

/** Where it is not told, what it was told last is what its people still see. */
function pagerdutyOf(notice, alerted) {
  const drawn = pagerdutyEvents(notice.pagerduty);
  if (!alerted || alerted === notice) return [drawn];
  const since = el('p', { class: 'empty' }, 'It shows what it was told at ', time(alerted.at), ':');
  return [drawn, since, pagerdutyEvents(alerted.pagerduty)];
}

function channel(name, drawn, bodies) {
  return el(
    'section',
    { class: 'channel', 'aria-label': name },
    el('h3', undefined, name),
    ...drawn,
    ...bodies.map(exactBody),
  );
}

/** Drawn when first opened. */
function folded(name, draw) {
  const details = el('details', { class: 'channel' }, el('summary', undefined, name));
  details.addEventListener('toggle', () => details.append(...draw()), { once: true });
  return details;
}

const json = (content) => el('pre', { class: 'body', tabindex: '0' }, JSON.stringify(content, undefined, 2));

function press(button, pressed) {
  void whileBusy(button, async () => {
    const { key } = shown;
    say(reply, 'Sending…');
    const { said } = await ask('press', pressed);
    // Whoever reads of another incident by now must not take it for that one's.
    if (shown.key === key) say(reply, said);
  });
}

/** What a press brings about draws all anew: whoever pressed by keyboard stays among the buttons, what was open stays so. */
function asItWas(draw) {
  const pressed = body.contains(document.activeElement) ? document.activeElement.dataset.press : undefined;
  const open = new Set([...body.querySelectorAll('details[open]')].map(nameOf));
  draw();
  for (const details of body.querySelectorAll('details')) details.open = open.has(nameOf(details));
  if (pressed === undefined) return;
  const buttons = [...body.querySelectorAll('[data-press]')];
  (buttons.find(({ dataset }) => dataset.press === pressed) ?? buttons[0])?.focus();
}

/** What is folded is known by its own words and those of the channel around it. */
function nameOf(details) {
  const channel = details.parentElement.closest('.channel');
  return `${channel?.firstElementChild.textContent} ${details.firstElementChild.textContent}`;
}

/** Words that belong to no incident: what the relay says of silences and of itself. */
export const announcements = () => notices.filter(({ key }) => key.startsWith('{announcement='));

function drawMembers(held) {
  shown.members = held.length;
  const rows = held.map((incident) =>
    el('li', undefined, severity(incident.severity), ` ${incident.lead.rule}, ${placeOf(incident.lead)}`),
  );
  const list = el('details', { class: 'members' }, el('summary', undefined, `What the storm holds (${held.length})`));
  list.append(el('ol', { tabindex: '0' }, ...rows));
  list.open = members.querySelector('details')?.open ?? false;
  members.replaceChildren(...present([held.length > 0 && list]));
}
