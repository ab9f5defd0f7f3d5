/** Where secrets stand in a text: by their own shape, after a name that says so, or where a program takes one. */

import { afterOptions } from './redact-programs.ts';
import { ECHOED, HEADER, kindsIn, NAME, OPTION, SHAPE, URL_USER } from './redact-scan.ts';
import {
  type Add,
  ARGUMENT_END,
  ASSIGNED_END,
  afterMarks,
  indexOutsideMarks,
  isSecretValue,
  type Span,
  type Values,
  valuesOf,
} from './redact-text.ts';

/** Names that announce a secret, alone or at the end of a longer name such as PGPASSWORD or --db-password. */
const NAMES = [
  'password|passwd|passphrase|passcode|requirepass|masterauth|secrets?|token|credentials?',
  '(?:api|access|secret|private|account|auth|encryption|signing|master|shared|storage|session|subscription|client)[-_.]?key',
  'x-(?:amz|goog)-(?:signature|credential)|(?<=[?&])sig|(?<=_)auth',
  // Short ones must begin a word: "bypass" and "monkey" are none.
  '(?<![a-z])(?:pass|pwd|pw|key)',
].join('|');

/** The name, then `=`, `: `, `": "`, or for an option's value a space or the next element of a list. */
const SEPARATOR =
  '\\\\{0,8}["\']?(?:\\s{1,4}(?:=>|:=|=)\\s{1,4}|=>|:=|=|\\s{0,4}:\\s{0,4})|\\s{1,4}|\\\\{0,8}["\'],\\s{0,4}';
const NAMED = new RegExp(`(${NAMES})(${SEPARATOR})`, 'gi');
const WHOLE_NAME = new RegExp(`(?:${NAMES})$`, 'i');

/** More than any of the names has, with what may not stand before it. */
const END_OF_NAME = 64;

/** Whether a member of this name holds a secret as its value. Asked for each element of a list, so only the end is read. */
export function isSecretName(name: string): boolean {
  const end = name.slice(-END_OF_NAME);
  return WHOLE_NAME.test(end) && !/(?:^|[^a-z])(?:key|pw)$/i.test(end);
}

/** Vendors document these; each is long and random enough to be told without context. */
const SHAPES = new RegExp(
  `(?<![A-Za-z0-9])(?:${[
    '(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9])',
    'gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\\w{20,}|gl(?:pat|ptt|dt|rt|cbt|soat|ft|imt|agent)-[\\w.-]{16,}',
    'xox[abeoprs](?:\\.xox[a-z])?-[\\w-]{10,}|xapp-[\\w-]{10,}',
    'AIza[\\w-]{35}|ya29\\.[\\w-]{20,}|GOCSPX-[\\w-]{20,}|1//0[\\w-]{20,}',
    // A JWT, also a Kubernetes service account's; a cut one may lack its signature.
    'eyJ[\\w-]{8,512}\\.[\\w-]{8,}(?:\\.[\\w-]*)?',
    '[sr]k_(?:live|test)_\\w{10,}|whsec_[\\w+/=]{16,}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}',
    'npm_[A-Za-z0-9]{30,}|pypi-[\\w-]{40,}|dckr_pat_[\\w-]{20,}|hf_[A-Za-z0-9]{30,}',
    'SG\\.[\\w-]{16,64}\\.[\\w-]{16,}|key-[0-9a-f]{32}|do[opr]_v1_[0-9a-f]{64}|hv[sbr]\\.[\\w-]{20,}',
    'sk-(?=[\\w-]{0,60}\\d)[\\w-]{20,}|AGE-SECRET-KEY-1[0-9A-Z]{50,}',
  ].join('|')})`,
  'g',
);

const WEBHOOK = /hooks\.slack\.com\/(?:services|workflows|triggers)\/([\w/-]{10,})/g;
const PRIVATE_KEY = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
const END_OF_KEY = '-----END';
const AWS_KEY_ID = /(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z2-7]{16}/;
const AWS_SECRET = /(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])/g;
const USER_START = /:\/\/(?=[^\s/?#"'<>]{1,1024}@)/g;
const USER_END = /[^\s/?#"'<>]*@/y;
/** Go's MySQL driver: user:password@tcp(host). */
const DSN = /(?<![\w/[])[\w.-]{1,64}:([^\s:@/"']{1,256})@(?:tcp|unix)\(/g;
const AUTHORIZATION = /authorization\\{0,8}["']?\s{0,4}[:=]\s{0,4}\\{0,8}["']?([a-z][a-z0-9-]{2,20}\s{1,4})?/gi;
const BEARER = /(?<![\w-])bearer\s{1,4}(?=[\w.~+/=-]{8})/gi;
const BASIC = /(?<![\w-])basic\s{1,4}([A-Za-z0-9+/]{8,4096}={0,2})/gi;
const TOKEN = /[\w.~+/=-]+/y;
const COOKIE = /(?<![\w-])(?:set-)?cookie\\{0,8}["']?:\s{0,4}/gi;
const COOKIES = /[^\s"';]+(?:; ?[^\s"';]+)*/y;
const FROM_LITERAL = /--from-literal[=\s]\s{0,3}["']?[\w.-]{1,253}=/g;
const CHPASSWD = /(?<![\w.-])[\w.-]{1,32}:([^\s"'|]{1,128})["']?\s{0,4}\|\s{0,4}(?:sudo\s{1,4})?chpasswd/g;

/**
 * The secrets of a text, in no order; some may overlap. What was redacted before is left alone.
 * @param withAwsKey an AWS key id stands in the event, so a lone 40 characters of base64 are its secret
 */
export function findSecrets(text: string, withAwsKey: boolean): Span[] {
  const spans: Span[] = [];
  const values = valuesOf(text);
  const kinds = kindsIn(text) | (text.startsWith('-') ? OPTION : 0);
  const add = (start: number, end: number): void => {
    const from = afterMarks(text, start);
    if (from < end) spans.push({ start: from, end });
  };
  if (kinds & SHAPE) byShape(text, add);
  if (withAwsKey) {
    for (const { index, 0: found } of text.matchAll(AWS_SECRET)) {
      if (/[A-Z]/.test(found) && /[a-z]/.test(found)) add(index, index + 40);
    }
  }
  if (kinds & URL_USER) inUrls(text, add);
  if (kinds & HEADER) inHeaders(text, values, add);
  if (kinds & NAME) afterNames(text, values, add);
  if (kinds & OPTION) afterOptions(text, values, add);
  if (kinds & ECHOED) inCommands(text, values, add);
  return spans;
}

export function hasAwsKey(text: string): boolean {
  return AWS_KEY_ID.test(text);
}

function byShape(text: string, add: Add): void {
  for (const { index, 0: found } of text.matchAll(SHAPES)) add(index, index + found.length);
  for (const { index, 0: found, 1: path = '' } of text.matchAll(WEBHOOK))
    add(index + found.length - path.length, index + found.length);
  let past = 0;
  for (const { index, 0: found } of text.matchAll(PRIVATE_KEY)) {
    if (index < past) continue;
    const end = text.indexOf(END_OF_KEY, index + found.length);
    past = end < 0 ? text.length : end;
    add(index + found.length, past);
  }
}

function inCommands(text: string, values: Values, add: Add): void {
  for (const { index, 0: found } of text.matchAll(FROM_LITERAL)) values.add(index + found.length, ARGUMENT_END, add);
  for (const { index, 0: found, 1: secret = '' } of text.matchAll(CHPASSWD)) {
    const start = index + found.indexOf(`:${secret}`) + 1;
    add(start, start + secret.length);
  }
}

function inUrls(text: string, add: Add): void {
  for (const { index } of text.matchAll(USER_START)) {
    const start = index + 3;
    USER_END.lastIndex = start;
    const end = start + (USER_END.exec(text)?.[0].length ?? 1) - 1;
    // A user name alone stays; one as long as a token is a token.
    const colon = indexOutsideMarks(text, ':', start, end);
    if (colon >= 0) add(colon + 1, end);
    else if (end - start >= 20) add(start, end);
  }
  for (const { index, 0: found, 1: secret = '' } of text.matchAll(DSN)) {
    const start = index + found.lastIndexOf(`:${secret}@`) + 1;
    add(start, start + secret.length);
  }
}

function inHeaders(text: string, values: Values, add: Add): void {
  for (const { index, 0: found, 1: scheme } of text.matchAll(AUTHORIZATION)) {
    const start = index + found.length;
    const end = values.end(start, ARGUMENT_END);
    // Without a scheme it may be a word of prose or a mode.
    if (scheme || end - start >= 12) add(start, end);
  }
  for (const { index, 0: found } of text.matchAll(BEARER)) {
    TOKEN.lastIndex = index + found.length;
    const token = TOKEN.exec(text)?.[0] ?? '';
    if (/\d/.test(token) || token.length >= 24) add(index + found.length, index + found.length + token.length);
  }
  for (const { index, 0: found, 1: encoded = '' } of text.matchAll(BASIC)) {
    const decoded = Buffer.from(encoded, 'base64').toString('latin1');
    if (decoded.includes(':') && /^[\x20-\x7e]*$/.test(decoded))
      add(index + found.length - encoded.length, index + found.length);
  }
  let past = 0;
  for (const { index, 0: found } of text.matchAll(COOKIE)) {
    const start = index + found.length;
    // Within a list of cookies another header begins no list of its own.
    if (start < past) continue;
    COOKIES.lastIndex = start;
    past = start + (COOKIES.exec(text)?.[0].length ?? 0);
    add(start, past);
  }
}

function afterNames(text: string, values: Values, add: Add): void {
  for (const { index, 0: found, 1: name = '', 2: separator = '' } of text.matchAll(NAMED)) {
    const isOption = startsWithDash(text, index);
    const isMember = separator.includes('=') || /["'].*:|:\s/.test(separator);
    if (!isOption && !isMember) continue;
    // /etc/passwd: is a file of that name.
    if (text[index - 1] === '/' && !separator.includes('=')) continue;
    const start = index + found.length;
    const word = /^\s+$/.test(separator);
    if (word && text[start] === '-') continue;
    const style = isOption && !separator.includes('=') ? ARGUMENT_END : ASSIGNED_END;
    values.add(start, style, (from, to) => {
      const value = text.slice(from, to);
      if (!isSecretValue(value) || isHarmless(name.toLowerCase(), value)) return;
      add(from, to);
    });
  }
}

function isHarmless(name: string, value: string): boolean {
  if (name === 'key') return !isRandom(value);
  if (name === 'pwd') return value.startsWith('/');
  return (name === 'token' || name === 'pass') && /^\d{1,6}[smhd]?$/.test(value);
}

/** What is longer than any name is a key if it is all of the characters that keys have. */
const LONGEST_PLAIN_KEY = 1_024;

function isRandom(value: string): boolean {
  if (!/^[\w+/=.-]{16}/.test(value) || !/^[\w+/=.-]+$/.test(value.slice(0, LONGEST_PLAIN_KEY))) return false;
  return value.length > LONGEST_PLAIN_KEY || (/\d/.test(value) && /[a-z]/i.test(value));
}

/** Whether the word around `at` is an option: nothing but name characters back to a dash at a word's start. */
function startsWithDash(text: string, at: number): boolean {
  const word = /(?:^|[\s"'`=,[({])--?[\w.-]{0,64}$/;
  return word.test(text.slice(Math.max(0, at - 68), at));
}
