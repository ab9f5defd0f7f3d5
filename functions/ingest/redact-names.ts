/** Secrets after a name that announces them: an option, a variable, a member, a header, a word of a statement. */

import { type Add, ARGUMENT_END, ASSIGNED_END, isSecretValue, type Values } from './redact-text.ts';

/** Names that announce a secret, alone or at the end of a longer name such as PGPASSWORD or --db-password. */
const NAMES = [
  'password|passwd|passwort|passphrase|passcode|requirepass|masterauth|secrets?|token|credentials?',
  '(?:api|access|secret|private|account|auth|encryption|signing|master|shared|storage|session|subscription|client)[-_.]?key',
  'x-(?:amz|goog)-(?:signature|credential)|(?<=[?&])sig|(?<=_)(?:auth|pat)',
  // Short ones must begin a word: "bypass" and "monkey" are none.
  '(?:key|store|db|root|admin|smtp|ssh|mysql|ldap|s?ftp|user|bind|proxy)pass|(?<![a-z])(?:pwd|pw|key|creds|jwt)',
  // Any other PASS but the words that end so, filters of sound, and what names a program that asks.
  '(?<!by|com|tres|sur|over|under|low|high|band|all|multi|single|render|first|second|one|two|kee|ask)pass',
  '(?<=[\\s"\'`]--)bearer',
].join('|');

/** PASSWORD1, API_TOKEN_PROD: which of several it is. TOKEN_FILE and SECRET_NAME are something else. */
const WHICH =
  '(?:[-_.]?\\d{1,3}|[-_.](?:base|value|val|prod|production|stage|staging|dev|test|qa|uat|live|new|old|current|previous|primary|secondary|hash|b64|base64|admin|root)(?![a-z0-9]))';

/** The name, then `=`, `: `, `": "`, `"] = `, or for an option's value a space or the next element of a list. */
const SEPARATOR =
  '\\\\{0,8}["\']?\\]?(?:\\s{0,4}(?:=>|:=|=(?![=~])|%3d)\\s{0,4}|\\s{0,4}:\\s{0,4})|\\s{1,4}|\\\\{0,8}["\'],\\s{0,4}';
const NAMED = new RegExp(`(${NAMES})${WHICH}{0,2}(${SEPARATOR})`, 'gi');
const WHOLE_NAME = new RegExp(`(?:${NAMES})${WHICH}{0,2}$`, 'i');
/** Too short to say by themselves that a member is a secret. */
const WEAK_NAME = new RegExp(`(?:^|[^a-z])(?:key|pw|pat)${WHICH}{0,2}$`, 'i');

/** More than any of the names has, with what may not stand before it. */
const END_OF_NAME = 64;

/** Whether a member of this name holds a secret as its value. Asked for each element of a list, so only the end is read. */
export function isSecretName(name: string): boolean {
  const end = name.slice(-END_OF_NAME);
  return WHOLE_NAME.test(end) && !WEAK_NAME.test(end);
}

export function afterNames(text: string, values: Values, add: Add): void {
  for (const { index, 0: found, 1: name = '', 2: separator = '' } of text.matchAll(NAMED)) {
    const start = index + found.length;
    const isAssigned = /=|%3d/i.test(separator);
    const isOption = startsWithDash(text, index);
    const isBlank = /^\s+$/.test(separator);
    if (isBlank && (text[start] === '-' || (isOption && IS_FLAG.test(text.slice(Math.max(0, index - 68), index)))))
      continue;
    // /etc/passwd: is a file of that name.
    if (text[index - 1] === '/' && !isAssigned) continue;
    const at = isBlank && !isOption ? afterWords(text, index, start) : start;
    if (at < 0) continue;
    const isColon = /^\s*:$/.test(separator) && !isOption && !/["'`\\]/.test(text.charAt(start));
    if (isColon && !HEADER_NAME.test(text.slice(Math.max(0, index - 68), index))) continue;
    // An empty variable before a command: TOKEN= make
    const isLoose = isAssigned && /[=>d]\s{1,4}$/i.test(separator) && !/\s[=:%]/.test(separator);
    values.add(at, (isOption && !isAssigned) || isBlank ? ARGUMENT_END : ASSIGNED_END, (from, to) => {
      const value = text.slice(from, to);
      if (!isSecretValue(value) || isHarmless(name.toLowerCase(), value)) return;
      if (isColon && !(isHeaderName(name, text.charAt(index - 1)) && isHeaderValue(name, value))) return;
      if (isLoose && from === at && (/[=:/]/.test(value) || !isMixed(value, 8))) return;
      add(from, to);
    });
  }
}

/** An option without a value: --no-password, --ask-become-pass. */
const IS_FLAG = /-(?:no|ask|without|skip|prompt)-(?:[a-z]{1,16}-){0,3}$/i;
/** What sets something by name and value: redis-cli config set, aws configure set, npm config set. */
const CONFIGURES = /(?:^|\s)config(?:ure)?\s{1,4}set\s{1,4}["']?[^\s"'=]{0,100}$/i;
/** Programs with a word `password`. */
const PASSWORD_WORD = /(?:^|[\s/])(?:mysqladmin|nmcli)\s[^|;]{0,120}$/;
const OF_A_ROLE = /(?:alter|create)\s{1,4}(?:user|role|login)\s/i;
const SET_PASSWORD = /password\s{1,4}for\s{1,4}[^=;]{1,128}=\s{0,4}(?:password\()?(?=["'\\])/iy;
const BEFORE = 200;

/** Where the value begins after a name that is a word of a command or of SQL; -1 where it is one of prose. */
function afterWords(text: string, index: number, start: number): number {
  const before = text.slice(Math.max(0, index - BEFORE), index);
  if (CONFIGURES.test(before)) return start;
  if (!/^password\s/i.test(text.slice(index, index + 9))) return -1;
  if (/\s$/.test(before) && PASSWORD_WORD.test(before)) return start;
  if (/["'\\]/.test(text.charAt(start)) && OF_A_ROLE.test(before)) return start;
  if (!/set\s{1,4}$/i.test(before)) return -1;
  SET_PASSWORD.lastIndex = index;
  return SET_PASSWORD.test(text) ? SET_PASSWORD.lastIndex : -1;
}

/** A word of its own, as a header's name is; an image, a user of Kubernetes or a URL has more before it. */
const HEADER_NAME = /(?:^|[\s"'`=,[({])[\w.-]{0,64}$/;
const OF_ANYTHING = /^(?:secrets?|token|key|credentials?|creds)$/i;
const VERSION = /^v?\d+(?:\.\d+)+|^\d{1,5}(?!\w)/;

/** secret:NAME is as often a reference; X-Token: is a header. */
function isHeaderName(name: string, before: string): boolean {
  return !OF_ANYTHING.test(name) || /[\w.-]/.test(before);
}

/** `X-Api-Key:V`, but no image's tag, port or path. */
function isHeaderValue(name: string, value: string): boolean {
  if (value.startsWith('/') || VERSION.test(value)) return false;
  return /^pass(?:word|wd|phrase|code)$|^pwd$/i.test(name) ? value.length >= 6 : isMixed(value, 8);
}

function isHarmless(name: string, value: string): boolean {
  if (name === 'key') return !isRandom(value);
  if (name === 'bearer') return !/^[\w.~+/=-]{6}/.test(value);
  if (name === 'pwd') return value.startsWith('/');
  if (name === 'pat') return !isMixed(value, 10);
  if (name === 'creds') return !value.includes(':') && !isMixed(value, 10);
  return (name === 'token' || name === 'pass') && /^(?:\d{1,5}|\d{1,6}[smhd])$/.test(value);
}

/** Programs whose names have a digit. */
const PROGRAM = /^(?:python|perl|sha\d{3}sum|base\d|php|ruby|lua|g\+\+|gcc|clang)[\d.-]*$/;

/** Letters and digits, as no plain word has. */
function isMixed(value: string, least: number): boolean {
  return value.length >= least && /\d/.test(value) && /[a-z]/i.test(value) && !PROGRAM.test(value);
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
