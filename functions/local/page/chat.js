/** A card for Google Chat, drawn about as Chat draws it. */

import { definitions, el, link } from './dom.js';

/** https://developers.google.com/workspace/chat/api/reference/rest/v1/cards#Widget */
export function chatCard({ cardsV2 = [] }) {
  const widgets = cardsV2.flatMap(({ card }) => card.sections.flatMap((section) => section.widgets));
  return el('div', { class: 'chat' }, ...widgets.map(widget));
}

function widget({ textParagraph, decoratedText, buttonList }) {
  if (textParagraph) return el('p', undefined, wordsOf(textParagraph.text));
  if (decoratedText) return definitions([[decoratedText.topLabel, wordsOf(decoratedText.text)]]);
  const links = (buttonList?.buttons ?? []).map(({ text, onClick }) => link(onClick.openLink.url, text));
  return el('p', { class: 'links' }, ...links.flatMap((each) => [each, ' ']));
}

/** The text of Chat's few tags and entities: parsed into a document that is shown nowhere and runs nothing. */
function wordsOf(markup) {
  return new DOMParser().parseFromString(markup, 'text/html').body.textContent ?? '';
}
