/** What is muted now: silences and exceptions of pipeline.yaml, and what buttons muted, with a way to end it. */

import { byId, definitions, el, momentOf, present, say, time } from './dom.js';
import { ask, whileBusy } from './press.js';
import { slackMessage } from './slack.js';
import { announcements } from './told.js';

const KINDS = {
  button: 'muted by a button',
  silence: 'silence',
  exception: 'exception',
  shadow: 'exception in shadow mode',
};

let mutes = [];
let pressable = false;
let drawn = '';

/**
 * @param {object[] | undefined} list absent where it is as it was
 * @param {boolean} can whether the relay takes presses from here
 */
export function take(list, can) {
  mutes = list ?? mutes;
  pressable = can;
}

/** The silence that a button put on a group of alerts. */
export const ofGroup = (groupKey) => mutes.find((mute) => mute.groupKey === groupKey);

export function render() {
  renderAnnounced();
  const key = JSON.stringify([mutes, pressable]);
  if (key === drawn) return;
  drawn = key;
  byId('no-mutes').hidden = mutes.length > 0;
  say(byId('mute-count'), mutes.length > 0 ? mutes.length : '');
  const list = byId('mute-list');
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.mute : undefined;
  list.replaceChildren(...mutes.map(row));
  if (focused === undefined) return;
  const button = [...list.querySelectorAll('button')].find(({ dataset }) => dataset.mute === focused);
  (button ?? byId('mutes-title')).focus();
}

let announced = '';

/** What was said of them, the latest on top. */
function renderAnnounced() {
  const said = announcements().reverse();
  const key = said.map(({ id }) => id).join();
  if (key === announced) return;
  announced = key;
  byId('announced').hidden = said.length === 0;
  say(byId('announced-count'), said.length);
  const rows = said.map(({ at, receiver, slack }) =>
    el('li', { class: 'mute' }, el('p', { class: 'since' }, time(at), ` to ${receiver}`), slackMessage(slack)),
  );
  byId('announced-list').replaceChildren(...rows);
}

function row(mute) {
  const { kind, reason, owner, covers, until, n } = mute;
  return el(
    'li',
    { class: 'mute' },
    ...present([
      el(
        'p',
        { class: 'mute-head' },
        el('span', { class: 'state', 'data-state': 'muted' }, KINDS[kind]),
        ' ',
        el('strong', undefined, reason),
      ),
      definitions(
        [
          ['by', owner],
          ['covers', el('code', undefined, covers)],
          ['until', until === undefined ? 'it is removed' : momentOf(until)],
          [kind === 'shadow' ? 'would have muted' : 'muted so far', n === 1 ? '1 alert' : `${n} alerts`],
        ],
        { class: 'mute-facts' },
      ),
      pressable && mute.generation !== undefined && endButton(mute),
    ]),
  );
}

function endButton({ id, groupKey, generation, reason }) {
  const button = el('button', { type: 'button', class: 'small', 'data-mute': id, 'aria-label': `End now: ${reason}` });
  button.append('End now');
  button.addEventListener('click', () => {
    void whileBusy(button, async () => {
      const pressed = { action_id: 'unmute', value: JSON.stringify({ groupKey, generation }) };
      const { said } = await ask('press', pressed);
      say(byId('mute-said'), said);
    });
  });
  return button;
}
