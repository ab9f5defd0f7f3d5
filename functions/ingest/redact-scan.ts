/**
 * Tells in one pass over a text which kinds of secrets it could hold at all. Nearly all events hold none, and a regular
 * expression of so many words would cost more than everything else that is done with an event.
 */

/** Kinds, as bits. */
export const NAME = 1;
export const SHAPE = 2;
export const HEADER = 4;
export const URL_USER = 8;
export const OPTION = 16;
export const COMMAND = 32;
/** A field whose whole value goes. */
export const FIELD = 64;

/** The program whose options may be joined; OPTION only with one that takes a secret. */
const CURL = 128;
/** An option of one letter that many programs know; OPTION only with one that takes a secret by it. */
const LETTER = 256;

/** Lower case, at least three characters; letters count without regard to case. */
const WORDS: readonly (readonly [number, readonly string[]])[] = [
  [
    NAME,
    [
      'pass',
      'pwd',
      'pw=',
      'pw:',
      '-pw',
      'secret',
      'token',
      'credenti',
      'key',
      'masterauth',
      '_auth',
      'sig=',
      'signatu',
      'creds',
      'jwt',
      '_pat=',
      '--bearer',
    ],
  ],
  [
    SHAPE,
    ['akia', 'asia', 'ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_', 'glpat-', 'glptt-', 'gldt-', 'glrt-'],
  ],
  [
    SHAPE,
    ['glcbt-', 'glsoat-', 'glft-', 'glimt-', 'glagent-', 'xox', 'xapp-', 'aiza', 'ya29.', 'gocspx-', '1//0', 'eyj'],
  ],
  [SHAPE, ['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_', 'whsec_', 'shpat_', 'shpca_', 'shppa_', 'shpss_', 'npm_']],
  [SHAPE, ['pypi-', 'dckr_pat_', 'hf_', 'sg.', 'key-', 'dop_v1_', 'doo_v1_', 'dor_v1_', 'hvs.', 'hvb.', 'hvr.', 'sk-']],
  [SHAPE, ['age-secret-', 'hooks.slack', '-----begin', 'api/webhooks', 'webhook.office', 'api.telegram']],
  [SHAPE, ['tskey-', 'dapi', 'glsa_', 'lin_api_', 'atatt3x', 'sq0atp-', 'sq0csp-', 'sq0idp-']],
  [HEADER, ['authoriz', 'bearer', 'basic', 'cookie']],
  [
    OPTION,
    ['mysql', 'mariadb', 'mycli', 'sshpass', 'redis-cli', 'mongo', 'ldap', '7z ', '7za', '7zr', 'zip ', 'openssl'],
  ],
  [CURL, ['curl']],
  [
    OPTION,
    [
      '--cookie',
      '--cert',
      '--proxy-cert',
      '--oauth2-b',
      'sqlcmd',
      'isql',
      'bcp ',
      'cqlsh',
      'twine ',
      'useradd',
      'usermod',
      'snmp',
      '/p:',
    ],
  ],
  [OPTION, ['ncftp', 'hydra', 'crackmapexec', 'netexec', 'nxc ', 'evil-winrm']],
  [OPTION, [' login', '--user', '--proxy-user', '--auth']],
  [LETTER, [...options('u'), ...options('a')]],
  [
    COMMAND,
    ['chpass', '-literal', 'identified', 'htpass', 'rabbitmqctl', 'wpa_pass', 'alias set', 'sqlplus', ' login'],
  ],
  [
    COMMAND,
    ['redis-cli', '--auth', '--creds', '--login', '--userpass', '--basic-auth', 'sudo -', '-stdin', 'with-token'],
  ],
  [FIELD, ['proc.env', 'proc.aenv', 'proc.penv', 'configmap.obj']],
];

/** A one-letter option after a blank or a quote; in raw JSON a blank may be an escape. */
function options(letter: string): string[] {
  const before = [' ', '"', "'", '`', '(', ',', '\n', '\t', '\r', '\\n', '\\t', '\\r'];
  return before.map((each) => `${each}-${letter}`);
}

/** Five bits a character, in which upper and lower case are the same; three characters index the words they end. */
const CANDIDATES: (readonly [string, number][] | undefined)[] = new Array(32_768).fill(undefined);
const ENDS = new Uint8Array(32_768);
for (const [kind, words] of WORDS) {
  for (const word of words) {
    let index = 0;
    for (const character of word.slice(-3)) index = (index << 5) | (character.charCodeAt(0) & 31);
    CANDIDATES[index] = [...(CANDIDATES[index] ?? []), [word, kind]];
    ENDS[index] = 1;
  }
}

/** curl -sku, -b or -E after what may stand before a word, escaped or not. */
const JOINED = /(?:[\s"'`(,]|\\[ntr])-[#a-zA-Z0-46]{0,24}[uUbE]/;
/** Who takes a secret by -u, -U or -a. The short names end a word, whose end may be an escape. */
const BY_LETTER = /curl|redis-cli|lftp|smbclient|rpcclient|smbmap|(?:https?|xh)(?![\w.:/-])/;

/**
 * A text is scanned as bytes, one a character, in pieces: V8 has a dozen kinds of strings, and a loop that meets
 * several of them asks at each character which one it has. Five bits of a character are all that counts.
 */
const piece = Buffer.alloc(16_384);

/** The kinds of secrets that `text` may hold; 0 is certain. */
export function kindsIn(text: string): number {
  let kinds = 0;
  let index = 0;
  for (let start = 0; start < text.length; start += piece.length) {
    const length = piece.write(text.slice(start, start + piece.length), 'latin1');
    for (let at = 0; at < length; at += 1) {
      index = ((index << 5) | ((piece[at] ?? 0) & 31)) & 32_767;
      if (ENDS[index] === 1) kinds |= kindsOf(text, start + at + 1, index);
    }
  }
  if (kinds & CURL && JOINED.test(text)) kinds |= OPTION;
  if (kinds & LETTER && BY_LETTER.test(text)) kinds |= OPTION;
  return (kinds & ~(CURL | LETTER)) | (text.includes('@') ? URL_USER : 0);
}

function kindsOf(text: string, end: number, index: number): number {
  let kinds = 0;
  for (const [word, kind] of CANDIDATES[index] ?? []) {
    // Nearly every word that ends alike begins otherwise, which is cheaper to see.
    if (((text.charCodeAt(end - word.length) ^ word.charCodeAt(0)) & 31) !== 0) continue;
    if (text.slice(Math.max(end - word.length, 0), end).toLowerCase() === word) kinds |= kind;
  }
  return kinds;
}

/**
 * An escape that no usual encoder writes could stand inside a word and hide it. Usual are JSON's short ones but the
 * slash, control characters, what Go writes for HTML, and what replaces bytes that are not UTF-8.
 */
const UNUSUAL_ESCAPE = /(?<!\\)(?:\\\\)*\\(?:[^"\\bfnrtu]|u(?!00(?:3[ce]|26|[01][0-9a-f]|7f)|202[89]|fffd))/i;

/** Whether a JSON text needs a closer look. False is certain. */
export function isSuspicious(raw: string): boolean {
  const kinds = kindsIn(raw);
  if (kinds === URL_USER ? raw.includes('://') || raw.includes('@tcp(') || raw.includes('@unix(') : kinds !== 0)
    return true;
  return raw.includes('\\') && UNUSUAL_ESCAPE.test(raw);
}
