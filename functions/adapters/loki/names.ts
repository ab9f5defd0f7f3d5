/** What Loki accepts as a label or a metadata name, and how values are quoted in its language. */

/** A stream's labels as text, in the order of their names. Labels without a value are left out, as Loki would. */
export function streamLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).filter(([, value]) => value !== '');
  pairs.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${pairs.map(([name, value]) => `${name}=${quote(value)}`).join(', ')}}`;
}

/** A string literal of LogQL, and of the label sets in a push: both read Go's escapes, of which JSON's are a part. */
export function quote(value: string): string {
  return JSON.stringify(value.toWellFormed());
}

/** A text that a regular expression (RE2) matches literally. */
export function escapeRegExp(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}

/** https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels */
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

export function isLabelName(name: string): boolean {
  return LABEL_NAME.test(name);
}

const ONLY_UNDERSCORES = /^_*$/;
const UNNAMED_LIMIT = 32;
const KNOWN_NAMES_LIMIT = 1_000;
const known = new Map<string, string>();

/**
 * The name under which Loki keeps a piece of structured metadata. Loki itself replaces what a label name can't hold
 * by `_`, and answers 500 for ever when nothing but underscores is left; such a name becomes `unnamed_` and its bytes
 * in hexadecimal, so that the same name always gives the same one.
 */
export function metadataName(name: string): string {
  const before = known.get(name);
  if (before !== undefined) return before;
  const result = isLabelName(name) && !ONLY_UNDERSCORES.test(name) ? name : sanitise(name);
  if (known.size < KNOWN_NAMES_LIMIT) known.set(name, result);
  return result;
}

function sanitise(name: string): string {
  const kept = name.replace(/[^a-zA-Z0-9]+/g, '_');
  if (ONLY_UNDERSCORES.test(kept)) return `unnamed_${Buffer.from(name).toString('hex').slice(0, UNNAMED_LIMIT)}`;
  return /^[0-9]/.test(kept) ? `key_${kept}` : kept;
}
