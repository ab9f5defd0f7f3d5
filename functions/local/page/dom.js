/** Elements from words: whatever came from an event enters the page as text, never as markup. */

/**
 * @param {string} tag
 * @param {Record<string, string> | undefined} attributes
 * @param {...(Node | string | false | undefined)} children
 */
export function el(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) element.setAttribute(name, value);
  element.append(...present(children));
  return element;
}

/** Without what a condition left out. */
export const present = (children) => children.filter((child) => child !== undefined && child !== false && child !== '');

export const byId = (id) => document.getElementById(id);

/** Writes only what differs, so that nothing repaints and no screen reader repeats. */
export function say(element, text) {
  const value = String(text);
  if (element.textContent !== value) element.textContent = value;
}

/** A link that leaves the page; anything but http(s) stays text. */
export function link(address, label) {
  if (!/^https?:\/\//i.test(address)) return document.createTextNode(label);
  return el('a', { href: address, target: '_blank', rel: 'noopener noreferrer' }, label);
}

/**
 * In UTC, as the pages and the logs say it.
 * @param {number} ms milliseconds since the epoch
 */
export function time(ms) {
  const iso = new Date(ms).toISOString();
  return el('time', { datetime: iso, title: iso }, iso.slice(11, 19));
}

export const millisecondsOf = (nanoseconds) => Number(BigInt(nanoseconds) / 1_000_000n);

/** Milliseconds as people say them. */
export function duration(ms) {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.round(ms / 60_000)} min`;
}

/** What remains, to the second where that matters. */
export function countdown(ms) {
  const seconds = Math.ceil(ms / 1_000);
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60];
  if (minutes === 0) return `${rest} s`;
  if (minutes >= 10) return `${Math.ceil(seconds / 60)} min`;
  return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
}

/** The hour of a moment, in UTC: `09:05`. */
export const shortTime = (ms) => new Date(ms).toISOString().slice(11, 16);

/** Day and hour, in UTC. */
export const momentOf = (ms) => `${new Date(ms).toISOString().slice(0, 10)} ${shortTime(ms)}`;

let ahead = 0;

/** The relay's clock, by what it last said: the browser's may be another one. */
export const now = () => Date.now() + ahead;

export function setNow(ms) {
  ahead = ms - Date.now();
}

/** A severity says its name; the colour only repeats it. */
export const severity = (name) => el('span', { class: 'severity', 'data-severity': name }, name);

/** Two columns of words: names and what they are. Entries without a value are left out. */
export function definitions(entries, attributes) {
  const list = el('dl', attributes);
  for (const [name, value] of entries) {
    if (value === undefined || value === '') continue;
    list.append(el('div', undefined, el('dt', undefined, name), el('dd', undefined, value)));
  }
  return list;
}

/** The exact JSON, folded away. */
export function exactBody(body) {
  const text = el('pre', { tabindex: '0' });
  const details = el('details', { class: 'exact' }, el('summary', undefined, 'The exact body'), text);
  details.addEventListener('toggle', () => say(text, JSON.stringify(body, undefined, 2)), { once: true });
  return details;
}
