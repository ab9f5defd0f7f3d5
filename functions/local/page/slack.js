/** A body of chat.postMessage, drawn about as Slack draws it: rich text and buttons, which is all that we send. */

import { el, link } from './dom.js';

/**
 * @param {((button: HTMLElement, pressed: { action_id: string, value: string }) => void) | undefined} onPress absent where
 *   the buttons are a picture
 */
export function slackMessage(body, onPress) {
  return el('div', { class: 'slack' }, ...(body.blocks ?? []).flatMap((each) => block(each, onPress)));
}

/** https://docs.slack.dev/reference/block-kit/blocks */
function block({ type, elements = [] }, onPress) {
  if (type === 'rich_text') return elements.map(richText);
  if (type !== 'actions') return el('p', undefined, `(${type})`);
  return el('div', { class: 'slack-actions' }, ...elements.map((each) => button(each, onPress)));
}

function richText({ type, elements = [] }) {
  const words = elements.map(({ text = '', style = {} }) => {
    if (style.code) return el('code', undefined, text);
    return style.bold ? el('strong', undefined, text) : text;
  });
  return el(type === 'rich_text_preformatted' ? 'pre' : 'p', undefined, ...words);
}

function button({ text, url, style = 'default', action_id, value }, onPress) {
  const attributes = { class: 'slack-button', 'data-style': style };
  if (url) return el('span', attributes, link(url, text.text));
  if (!onPress) return el('span', attributes, text.text);
  const drawn = el('button', { ...attributes, type: 'button', 'data-press': action_id }, text.text);
  drawn.addEventListener('click', () => onPress(drawn, { action_id, value }));
  return drawn;
}
