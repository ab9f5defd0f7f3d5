/** Secrets of HTTP's headers: credentials after their scheme, and cookies. */

import { type Add, ARGUMENT_END, type Values } from './redact-text.ts';

/**
 * https://www.iana.org/assignments/http-authschemes, and those of vendors. What is no scheme is the credential itself.
 * A word that nobody knows is a scheme only if what follows can be nothing but a credential.
 */
const SCHEMES = new Set(
  (
    'basic bearer digest negotiate ntlm token apikey api-key key geniekey ssws aws aws4-hmac-sha256 goog4-rsa-sha256 ' +
    'goog4-hmac-sha256 hawk hoba mutual gnap oauth dpop vapid privatetoken scram-sha-1 scram-sha-256 kerberos splunk bot ' +
    'jwt hmac sharedkey sharedkeylite sharedaccesssignature signature snowflake zoho-oauthtoken discogs tok'
  ).split(' '),
);

const AUTHORIZATION = /authorization\\{0,8}["']?\s{0,4}[:=]\s{0,4}\\{0,8}["']?(?:([a-z][a-z0-9-]{1,24})\s{1,4})?/gi;
const URL_START = /^[a-z][a-z0-9+.-]{0,15}:\/\//i;
const HOST = /^(?:[\w-]+\.)+[a-z]{2,24}(?:[:/]|$)/i;
const BEARER = /(?<![\w-])bearer\s{1,4}(?=[\w.~+/=-]{8})/gi;
const BASIC = /(?<![\w-])basic\s{1,4}([A-Za-z0-9+/]{8,4096}={0,2})/gi;
const TOKEN = /[\w.~+/=-]+/y;
const COOKIE = /(?<![\w-])(?:set-)?cookie\\{0,8}["']?:\s{0,4}/gi;
const COOKIES = /[^\s"';]+(?:; ?[^\s"';]+)*/y;

/** Without a scheme a shorter value may be a word of prose or a mode. */
const SHORTEST = 12;

export function inHeaders(text: string, values: Values, add: Add): void {
  for (const { index, 0: found, 1: word } of text.matchAll(AUTHORIZATION)) {
    const start = index + found.length;
    const end = values.end(start, ARGUMENT_END);
    const isUrl = URL_START.test(text.slice(start, Math.min(end, start + 20)));
    if (word === undefined) {
      if (!isUrl && end - start >= SHORTEST) add(start, end);
    } else if (SCHEMES.has(word.toLowerCase())) {
      if (!isUrl) add(start, end);
    } else if (isCredential(word)) {
      const from = start - found.length + found.lastIndexOf(word);
      add(from, from + word.length);
    } else if (!isUrl && isAfterUnknownScheme(text.slice(start, Math.min(end, start + 256)))) add(start, end);
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

/** As long as one, or with digits, which no scheme that is not known has. */
function isCredential(word: string): boolean {
  return word.length >= SHORTEST || (word.length >= 8 && /\d/.test(word));
}

/** No option, path or host. */
function isAfterUnknownScheme(value: string): boolean {
  return value.length >= 8 && /\d/.test(value) && !/^[-./]/.test(value) && !HOST.test(value);
}
