/** Makes identities that come from outside (uuids, fingerprints, document keys) into short, harmless keys of a store. */

import { createHash } from 'node:crypto';

const HARMLESS = /^[A-Za-z0-9][A-Za-z0-9_.:=-]{0,99}$/;

/**
 * A key that any store takes as it is: what is short and plain stays readable, all the rest is hashed. Two different
 * identities never share one: '~' begins no plain one, and JSON escapes the lone surrogates that UTF-8 would merge.
 */
export function keyOf(identity: string): string {
  if (HARMLESS.test(identity)) return identity;
  return `~${createHash('sha256').update(JSON.stringify(identity)).digest('base64url')}`;
}
