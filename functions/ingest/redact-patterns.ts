/** Where secrets stand in a text: by their own shape, after a name that says so, or where a program takes one. */

import { inCommands } from './redact-commands.ts';
import { inHeaders } from './redact-headers.ts';
import { afterNames } from './redact-names.ts';
import { afterOptions } from './redact-programs.ts';
import { COMMAND, HEADER, kindsIn, NAME, OPTION, SHAPE, URL_USER } from './redact-scan.ts';
import { besideAwsKey, byShape } from './redact-shapes.ts';
import { type Add, afterMarks, indexOutsideMarks, type Span, valuesOf } from './redact-text.ts';

const USER_START = /:\/\/(?=[^\s/?#"'<>]{1,1024}@)/g;
const USER_END = /[^\s/?#"'<>]*@/y;
/** Go's MySQL driver: user:password@tcp(host). */
const DSN = /(?<![\w/[])[\w.-]{1,64}:([^\s:@/"']{1,256})@(?:tcp|unix)\(/g;

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
  if (withAwsKey) besideAwsKey(text, add);
  if (kinds & URL_USER) inUrls(text, add);
  if (kinds & HEADER) inHeaders(text, values, add);
  if (kinds & NAME) afterNames(text, values, add);
  if (kinds & OPTION) afterOptions(text, values, add);
  if (kinds & COMMAND) inCommands(text, values, add);
  return spans;
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
