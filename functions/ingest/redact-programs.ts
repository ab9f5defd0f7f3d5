/** The options by which well-known programs take a secret, such as mysql's -p. */

import { type Add, ARGUMENT_END, indexOutsideMarks, isSecretValue, type Values } from './redact-text.ts';

interface Option {
  /** What takes a secret; a group that matched is the secret itself, attached. */
  option: RegExp;
  /** The next word is the secret when nothing is attached. */
  separate: boolean;
  /** The secret is what follows this in the word. */
  after?: ':' | '%' | ',' | '=';
}

interface Program {
  options: readonly Option[];
  /** Only after this word. */
  command?: string;
}

const taking = (option: RegExp, after?: Option['after']): Option => ({
  option,
  separate: true,
  ...(after && { after }),
});
const attached = (option: RegExp): Option => ({ option, separate: false });

/** curl's options of one letter that take nothing, and so may stand before another one: -sku user:password. */
const CURL_FLAGS = '[#aBfgGiIjJklLnNOpqRsSvVZ0-46]{0,24}';
const CURL = [
  taking(new RegExp(`^(?:-${CURL_FLAGS}[uUE]|--(?:proxy-)?(?:user|cert)(?![\\w-])=?)(.*)$`), ':'),
  taking(new RegExp(`^(?:-${CURL_FLAGS}b|--cookie(?![\\w-])=?)(.*)$`), '='),
  taking(/^--oauth2-bearer=?(.*)$/),
];

const PROGRAMS: readonly (readonly [RegExp, Program])[] = [
  [/^(?:mysql\w{0,10}|mariadb(?:-\w{1,20})?|mycli)$/, { options: [attached(/^-p(.+)$/)] }],
  [/^sshpass$/, { options: [taking(/^-p(.*)$/)] }],
  [/^redis-cli$/, { options: [taking(/^-a(.*)$/)] }],
  [/^(?:mongo\w{0,10}|cqlsh|twine|ncftp\w{0,8}|user(?:add|mod))$/, { options: [taking(/^-p(.*)$/)] }],
  [/^(?:hydra|crackmapexec|netexec|nxc|evil-winrm)$/, { options: [taking(/^-p(.*)$/)] }],
  [/^ldap\w{3,10}$/, { options: [taking(/^-w(.*)$/)] }],
  [/^7z[ar]?$/, { options: [attached(/^-p(.+)$/)] }],
  [/^(?:(?:un)?zip|sqlcmd|isql|bcp)$/, { options: [taking(/^-P(.*)$/)] }],
  [
    /^(?:docker|podman|nerdctl|helm|crane|skopeo|oras|az|buildah)$/,
    { options: [taking(/^-p(.*)$/)], command: 'login' },
  ],
  [/^curl$/, { options: CURL }],
  [/^wget$/, { options: [taking(/^--(?:proxy-|http-|ftp-)?user=?(.*)$/, ':')] }],
  [/^(?:https?|xh)$/, { options: [taking(/^(?:-a|--auth=?)(.*)$/, ':')] }],
  [/^etcdctl$/, { options: [taking(/^--user=?(.*)$/, ':')] }],
  [/^lftp$/, { options: [taking(/^(?:-u|--user=?)(.*)$/, ',')] }],
  [/^(?:smbclient|rpcclient|smbmap)$/, { options: [taking(/^-U(.*)$/, '%')] }],
  [/^openssl$/, { options: [attached(/^pass:(.+)$/), taking(/^-k$/)] }],
  [/^[wx]freerdp3?$/, { options: [attached(/^\/p:(.+)$/)] }],
  [/^snmp(?:walk|get|getnext|set|bulkwalk|bulkget|table|trap|inform)$/, { options: [taking(/^-[cAX](.*)$/)] }],
];

/** Word by word: the last program named decides which options take a secret, until a command ends. */
export function afterOptions(text: string, values: Values, add: Add): void {
  let program: Program | undefined;
  let ready = true;
  let pending: Option | undefined;
  for (const { index, 0: word } of text.matchAll(/\S+/g)) {
    const end = values.end(index, ARGUMENT_END);
    const opening = /^["'`]/.test(word) ? 1 : 0;
    if (pending) {
      addPart(text, index + opening, end, pending, add);
      pending = undefined;
      continue;
    }
    const name = programName(word);
    const known = PROGRAMS.find(([pattern]) => pattern.test(name))?.[1];
    if (known && !word.startsWith('-')) {
      program = known;
      ready = known.command === undefined;
    } else if (program) {
      if (name === program.command) ready = true;
      if (ready) pending = attachedOrNext(text, index + opening, end, program, add);
    }
    if (/[|;]$|^&&?$/.test(word)) {
      program = undefined;
      pending = undefined;
    }
  }
}

/** Adds what is attached to an option; the option whose secret is the next word. */
function attachedOrNext(text: string, start: number, end: number, { options }: Program, add: Add): Option | undefined {
  const word = text.slice(start, end);
  for (const option of options) {
    const match = option.option.exec(word);
    if (!match) continue;
    if (match[1]) addPart(text, end - match[1].length, end, option, add);
    else if (option.separate) return option;
    return undefined;
  }
  return undefined;
}

const AFTER_NAME = /[)"'`;]/;

/** The word without what closes after it and what leads to it. A pattern with both ends would take the word's square. */
function programName(word: string): string {
  let end = word.length;
  while (end > 0 && AFTER_NAME.test(word.charAt(end - 1))) end -= 1;
  return word.slice(0, end).replace(/^.*[/="'`(]/, '');
}

function addPart(text: string, start: number, end: number, { after }: Option, add: Add): void {
  let from = start;
  if (after) {
    const mark = indexOutsideMarks(text, after, start, end);
    // 1000:1000 is a user and a group.
    if (mark < 0 || /^\d{1,10}:\d{1,10}$/.test(text.slice(start, end))) return;
    from = mark + 1;
  }
  if (isSecretValue(text.slice(from, end))) add(from, end);
}
