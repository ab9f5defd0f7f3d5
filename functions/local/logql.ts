/** As much of LogQL as the local log answers: a selector, line filters, filters by label, `keep` and `line_format`. */

export interface LogQuery {
  /** Index labels must satisfy all of these. */
  stream(labels: Labels): boolean;
  /** The line and all labels, structured metadata among them. */
  entry(line: string, labels: Labels): boolean;
  /** The labels that the answer shows, or all of them. */
  keep: readonly string[] | undefined;
  /** Shown instead of the line; names in braces are not replaced. */
  lineFormat: string | undefined;
}

type Labels = Readonly<Record<string, string>>;

const TEXT = /"(?:[^"\\]|\\.)*"|`[^`]*`/.source;
const MATCHER = new RegExp(`\\s*([a-zA-Z_]\\w*)\\s*(=~|!~|!=|=)\\s*(${TEXT})\\s*`, 'y');
const LINE_FILTER = new RegExp(`\\s*(\\|=|!=|\\|~|!~)\\s*(${TEXT})\\s*`, 'y');
const STAGE = new RegExp(
  `\\s*\\|\\s*(?:keep\\s+([\\w ,]+?)|line_format\\s+(${TEXT})|([a-zA-Z_]\\w*)\\s*(=~|!~|!=|=)\\s*(${TEXT}))\\s*(?=\\||!|$)`,
  'y',
);

/** Throws for what it does not know, in words like Loki's. */
export function parseLogQuery(query: string): LogQuery {
  let at = 0;
  const next = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(query);
    if (match) at = pattern.lastIndex;
    return match;
  };
  const stream: ((labels: Labels) => boolean)[] = [];
  const entry: ((line: string, labels: Labels) => boolean)[] = [];
  let keep: readonly string[] | undefined;
  let lineFormat: string | undefined;

  if (!next(/\s*\{/y)) throw syntaxError(query, at);
  while (!next(/\s*\}\s*/y)) {
    const match = next(MATCHER);
    if (!match) throw syntaxError(query, at);
    const [, name = '', operator = '', text = ''] = match;
    const test = textTest(operator, unquote(text));
    stream.push((labels) => test(labels[name] ?? ''));
    next(/,/y);
  }
  while (at < query.length) {
    const filter = next(LINE_FILTER);
    const stage = filter ? null : next(STAGE);
    if (filter) {
      const [, operator = '', text = ''] = filter;
      entry.push(lineTest(operator, unquote(text)));
    } else if (stage) {
      const [, names, format, name = '', operator = '', text = ''] = stage;
      if (names !== undefined) keep = names.split(',').map((kept) => kept.trim());
      else if (format !== undefined) lineFormat = unquote(format);
      else {
        const test = textTest(operator, unquote(text));
        entry.push((_line, labels) => test(labels[name] ?? ''));
      }
    } else throw syntaxError(query, at);
  }
  return {
    stream: (labels) => stream.every((test) => test(labels)),
    entry: (line, labels) => entry.every((test) => test(line, labels)),
    keep,
    lineFormat,
  };
}

function textTest(operator: string, text: string): (value: string) => boolean {
  if (operator === '=') return (value) => value === text;
  if (operator === '!=') return (value) => value !== text;
  const pattern = new RegExp(`^(?:${text})$`, 's');
  return (value) => pattern.test(value) === (operator === '=~');
}

function lineTest(operator: string, text: string): (line: string) => boolean {
  if (operator === '|=') return (line) => line.includes(text);
  if (operator === '!=') return (line) => !line.includes(text);
  const pattern = new RegExp(text);
  return (line) => pattern.test(line) === (operator === '|~');
}

function unquote(text: string): string {
  return text.startsWith('`') ? text.slice(1, -1) : (JSON.parse(text) as string);
}

function syntaxError(query: string, at: number): Error {
  return new Error(
    `parse error at line 1, col ${at + 1}: syntax error, unexpected ${query.slice(at, at + 10) || '$end'}`,
  );
}
