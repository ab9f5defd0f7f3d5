/** The options by which well-known programs take a secret, such as mysql's -p. */

import { type Add, ARGUMENT_END, indexOutsideMarks, isSecretValue, type Values } from './redact-text.ts';

interface Program {
  /** The option that takes a secret; a group that matched is the secret itself, attached. */
  option: RegExp;
  /** The next word is the secret when nothing is attached. */
  separate: boolean;
  /** The secret is what follows this in the word. */
  after?: ':' | '%';
  /** Only after this word. */
  command?: string;
}

const PROGRAMS: readonly (readonly [RegExp, Program])[] = [
  [/^(?:mysql\w{0,10}|mariadb(?:-\w{1,20})?|mycli)$/, { option: /^-p(.+)$/, separate: false }],
  [/^sshpass$/, { option: /^-p(.*)$/, separate: true }],
  [/^redis-cli$/, { option: /^-a(.*)$/, separate: true }],
  [/^mongo\w{0,10}$/, { option: /^-p(.*)$/, separate: true }],
  [/^ldap\w{3,10}$/, { option: /^-w(.*)$/, separate: true }],
  [/^7z[ar]?$/, { option: /^-p(.+)$/, separate: false }],
  [/^(?:un)?zip$/, { option: /^-P(.*)$/, separate: true }],
  [
    /^(?:docker|podman|nerdctl|helm|crane|skopeo|oras|az|buildah)$/,
    { option: /^-p(.*)$/, separate: true, command: 'login' },
  ],
  [/^(?:curl|wget)$/, { option: /^(?:-[uU]|--(?:proxy-)?user=?)(.*)$/, separate: true, after: ':' }],
  [/^(?:https?|xh)$/, { option: /^(?:-a|--auth=?)(.*)$/, separate: true, after: ':' }],
  [/^(?:smbclient|rpcclient|smbmap)$/, { option: /^-U(.*)$/, separate: true, after: '%' }],
  [/^openssl$/, { option: /^pass:(.+)$/, separate: false }],
];

/** Word by word: the last program named decides which options take a secret, until a command ends. */
export function afterOptions(text: string, values: Values, add: Add): void {
  let program: Program | undefined;
  let ready = true;
  let pending = false;
  for (const { index, 0: word } of text.matchAll(/\S+/g)) {
    const end = values.end(index, ARGUMENT_END);
    const opening = /^["'`]/.test(word) ? 1 : 0;
    if (pending && program) {
      addPart(text, index + opening, end, program, add);
      pending = false;
      continue;
    }
    const name = programName(word);
    const known = PROGRAMS.find(([pattern]) => pattern.test(name))?.[1];
    if (known && !word.startsWith('-')) {
      program = known;
      ready = known.command === undefined;
    } else if (program) {
      if (name === program.command) ready = true;
      const attached = ready ? program.option.exec(text.slice(index + opening, end)) : null;
      if (attached?.[1]) addPart(text, end - attached[1].length, end, program, add);
      else if (attached) pending = program.separate;
    }
    if (/[|;]$|^&&?$/.test(word)) program = undefined;
  }
}

const AFTER_NAME = /[)"'`;]/;

/** The word without what closes after it and what leads to it. A pattern with both ends would take the word's square. */
function programName(word: string): string {
  let end = word.length;
  while (end > 0 && AFTER_NAME.test(word.charAt(end - 1))) end -= 1;
  return word.slice(0, end).replace(/^.*[/="'`(]/, '');
}

function addPart(text: string, start: number, end: number, { after }: Program, add: Add): void {
  let from = start;
  if (after) {
    const mark = indexOutsideMarks(text, after, start, end);
    // 1000:1000 is a user and a group.
    if (mark < 0 || /^\d{1,10}:\d{1,10}$/.test(text.slice(start, end))) return;
    from = mark + 1;
  }
  if (isSecretValue(text.slice(from, end))) add(from, end);
}
