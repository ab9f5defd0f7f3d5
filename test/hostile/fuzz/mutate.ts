/** Changes a text a little, as somebody would who knows the formats and wants to break what reads them. */

import type { Random } from '../../stack/support/random.ts';

/** What has broken parsers, shells, terminals, queries and chats before. */
const PIECES: readonly string[] = [
  ...[
    '"',
    '\\',
    '\\"',
    '\\u0000',
    '\\ud800',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '=',
    '=~',
    '!~',
    '|',
    '(',
    ')',
    '*',
    '+',
    '?',
  ],
  ...[
    'null',
    'true',
    '-1',
    '1e999',
    '-0',
    '9007199254740993',
    '18446744073709551615',
    '0.1',
    '""',
    '[]',
    '{}',
    '{"a":[{}]}',
  ],
  ...['__proto__', 'constructor', 'prototype', 'toString', '"__proto__":{"polluted":1},', '<NA>', 'host', 'system:'],
  ...[
    '<!channel>',
    '<@U0123ABCD>',
    '<https://evil.example|runbook>',
    '<users/all>',
    '&lt;',
    '*b*',
    '_i_',
    '`c`',
    '```',
    '@here',
  ],
  ...[
    '\u202e',
    '\u2066',
    '\u200b',
    '\u{e0041}',
    '\ufeff',
    '\u0000',
    '\u001b[2J',
    '\u009b31m',
    '\u0007',
    '\r\n',
    '\u2028',
    '\ud83d',
    '\udc00',
    '🔥',
  ],
  ...[
    '../../',
    '/..',
    '%2e%2e',
    '?a=b',
    '#',
    '@evil.example',
    'https://u:hunter2@h/',
    ' --password=',
    'Bearer ',
    'token=',
    '-p',
    'eyJhbGciOi',
  ],
  ...[
    '"} | json | __error__=""',
    '`',
    '$(id)',
    '${',
    '{{x}}',
    '\n- ',
    ': !!js/function ',
    '&a [*a]',
    '<<: *a',
    '%TAG',
    '---\n',
  ],
  ...[
    '(?i)',
    '[^a]',
    '(a|b)*',
    'a{1000}',
    '\\b',
    '\\Q',
    '\\pL',
    '(?:',
    '.*',
    '^$',
    'payload=',
    '&payload=',
    'v0=',
    'x'.repeat(300),
  ],
];

const LONGEST = 40_000;

/** One to five changes; `other` is a text to take parts from. */
export function mutated(text: string, other: string, random: Random): string {
  let result = text;
  for (let left = 1 + random.below(5); left > 0; left -= 1) result = changed(result, other, random);
  return result.slice(0, LONGEST);
}

function changed(text: string, other: string, random: Random): string {
  const at = random.below(text.length + 1);
  const end = Math.min(text.length, at + 1 + random.below(random.below(4) === 0 ? 200 : 8));
  const put = (piece: string, from = at, to = at): string => text.slice(0, from) + piece + text.slice(to);
  const piece = PIECES[random.below(PIECES.length)] ?? '';
  switch (random.below(10)) {
    case 0:
      return put('', at, end);
    case 1:
      return put(text.slice(at, end).repeat(2 + random.below(6)), at, end);
    case 2:
      return put(String.fromCharCode(random.below(random.below(3) === 0 ? 0x10000 : 0x80)), at, at + random.below(2));
    case 3:
      return put(piece.repeat(1 + random.below(random.below(8) === 0 ? 60 : 2)));
    case 4: {
      const from = random.below(other.length + 1);
      return put(other.slice(from, from + random.below(120)), at, end);
    }
    case 5:
      return text.slice(0, at) + other.slice(random.below(other.length + 1));
    case 6:
      return withMember(text, piece, random);
    default:
      return withString(text, piece, random);
  }
}

/** Something into, or in the place of, one of the strings of a JSON text: what lies in events is mostly that. */
function withString(text: string, piece: string, random: Random): string {
  const strings = [...text.matchAll(/"(?:[^"\\]|\\.)*"/g)];
  const chosen = strings[random.below(strings.length)];
  if (!chosen) return text + piece;
  const [literal] = chosen;
  const inside = 1 + random.below(literal.length - 1);
  const escaped = JSON.stringify(piece).slice(1, -1);
  const whole = random.below(3) === 0;
  const next = whole ? `"${escaped}"` : `${literal.slice(0, inside)}${escaped}${literal.slice(inside)}`;
  return text.slice(0, chosen.index) + next + text.slice(chosen.index + literal.length);
}

/** A member more, which may be there already. */
function withMember(text: string, piece: string, random: Random): string {
  const openings = [...text.matchAll(/\{(?=")/g)];
  const chosen = openings[random.below(openings.length)];
  if (!chosen) return piece + text;
  const names = [...text.matchAll(/"([\w.[\]]{1,40})":/g)].map(([, name]) => name);
  const name = random.below(3) === 0 ? piece : (names[random.below(names.length)] ?? 'a');
  const value = random.below(2) === 0 ? JSON.stringify(piece) : (PIECES[20 + random.below(12)] ?? '0');
  return `${text.slice(0, chosen.index + 1)}${JSON.stringify(name)}:${value},${text.slice(chosen.index + 1)}`;
}
