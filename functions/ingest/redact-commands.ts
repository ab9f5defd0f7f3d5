/** Secrets that a command takes at a place of its own, without a name or an option. */

import { type Add, ARGUMENT_END, commandIn, isSecretValue, type Values } from './redact-text.ts';

const FROM_LITERAL = /--from-literal[=\s]\s{0,3}(\\{0,8}["'])?[\w.-]{1,253}=/g;
const CHPASSWD = /(?<![\w.-])[\w.-]{1,32}:([^\s"'|]{1,128})["']?\s{0,4}\|\s{0,4}(?:sudo\s{1,4})?chpasswd/g;
/** What is piped into a program that reads its secret there. Only a quoted one may have blanks: the rest is a command. */
const ECHOED =
  /(?<![\w.-])((?:echo\s{1,4}(?:-\w{1,3}\s{1,4})?|printf\s{1,4}["']?%s(?:\\{1,2}n)?["']?\s{1,4})["']?)((?<=")[^"|\n]{1,128}(?=")|(?<=')[^'|\n]{1,128}(?=')|[^\s"'|-][^\s"'|]{0,127})["']?\s{0,4}\|\s{0,4}(?:sudo\s{1,4}(?:-\w\s{1,4}){0,3}-\w{0,4}S|(?:sudo\s{1,4})?(?:passwd\s[^|;]{0,64}--stdin|[\w./-]{1,64}\s[^|;]{0,256}--(?:password-stdin|pass-stdin|with-token)))(?!\w)/g;

/** Each ends where the secret begins. */
const PLACES: readonly RegExp[] = [
  /identified\s{1,4}(?:with\s{1,4}\S{1,64}\s{1,4})?(?:by|as)\s{1,4}(?:password\s{1,4})?(?=["'\\])/gi,
  /(?<![\w-])htpasswd\s{1,4}(?=(?:-\w{1,8}\s{1,4}){0,4}-\w{0,8}b)(?:-\w{1,8}\s{1,4}){1,5}(?:(?<=\s-\w{0,8}n\w{0,8}\s{1,4})|\S{1,512}\s{1,4})\S{1,256}\s{1,4}/g,
  /(?<![\w-])rabbitmqctl\s{1,4}(?:-\S{1,64}\s{1,4}){0,4}(?:add_user|change_password)\s{1,4}\S{1,128}\s{1,4}/g,
  /(?<![\w-])wpa_passphrase\s{1,4}\S{1,64}\s{1,4}/g,
  /(?<![\w-])mc\s{1,4}alias\s{1,4}set\s{1,4}(?:\S{1,256}\s{1,4}){3}/g,
  /(?<![\w-])sqlplus\s{1,4}(?:-\w{1,8}\s{1,4}){0,4}[\w$]{1,64}\/(?=[^\s/@])/g,
  /(?<![\w-])vault\s{1,4}login\s{1,4}(?:-\S{1,64}\s{1,4}){0,4}(?=[\w.-]{20})/g,
  /(?<![\w-])cargo\s{1,4}login\s{1,4}(?:-\S{1,64}\s{1,4}){0,4}(?=\w{16})/g,
  /(?<![\w-])redis-cli\s(?:\S{1,128}\s{1,4}){0,8}auth\s{1,4}(?:[^\s-]\S{0,63}\s{1,4}(?=[^\s;|&-]))?/gi,
  /(?<=^|[\s"'])--(?:auth|creds|login|userpass|basic-auth)[=\s]\s{0,3}["']?[\w.@-]{1,64}:(?=[^\s/\d])/g,
];

export function inCommands(text: string, values: Values, add: Add): void {
  for (const { index, 0: found, 1: opening } of text.matchAll(FROM_LITERAL))
    values.add(index + found.length, ARGUMENT_END, add, opening);
  for (const { index, 0: found, 1: secret = '' } of text.matchAll(CHPASSWD)) {
    const start = index + found.indexOf(secret, found.indexOf(':') + 1);
    if (isSecretValue(secret)) add(start, start + secret.length);
  }
  for (const { index, 1: before = '', 2: secret = '' } of text.matchAll(ECHOED)) {
    const start = index + before.length;
    if (isSecretValue(secret) && commandIn(secret) < 0) add(start, start + secret.length);
  }
  for (const place of PLACES) {
    for (const { index, 0: found } of text.matchAll(place)) {
      values.add(index + found.length, ARGUMENT_END, (from, to) => {
        if (isSecretValue(text.slice(from, to))) add(from, to);
      });
    }
  }
}
