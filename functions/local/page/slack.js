/** A body of chat.postMessage, drawn about as Slack draws it: rich text and buttons, which is all that we send. */

import { el, link } from './dom.js';

export function slackMessage(body) {
  return el('div', { class: 'slack' }, ...(body.blocks ?? []).flatMap(block));
}

/** https://docs.slack.dev/reference/block-kit/blocks */
function block({ type, elements = [] }) {
  if (type === 'rich_text') return elements.map(richText);
  // A picture of buttons: those that act do so in Slack, not here.
  if (type === 'actions') return el('p', { class: 'slack-actions' }, ...elements.map(button));
  return el('p', undefined, `(${type})`);
}

function richText({ type, elements = [] }) {
  const words = elements.map(({ text = '', style = {} }) => {
    if (style.code) return el('code', undefined, text);
    return style.bold ? el('strong', undefined, text) : text;
  });
  return el(type === 'rich_text_preformatted' ? 'pre' : 'p', undefined, ...words);
}

function button({ text, url, style = 'default' }) {
  return el('span', { class: 'slack-button', 'data-style': style }, url ? link(url, text.text) : text.text);
}
