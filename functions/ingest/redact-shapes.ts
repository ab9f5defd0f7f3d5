/** Secrets that their own shape tells, whatever stands around them. */

import type { Add } from './redact-text.ts';

/** Vendors document these; each is long and random enough to be told without context. */
const SHAPES = new RegExp(
  `(?<![A-Za-z0-9])(?:${[
    '(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9])',
    'gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\\w{20,}|gl(?:pat|ptt|dt|rt|cbt|soat|ft|imt|agent)-[\\w.-]{16,}',
    'xox[a-eoprs](?:\\.xox[a-z])?-[\\w%-]{10,}|xapp-[\\w-]{10,}',
    'AIza[\\w-]{35}|ya29\\.[\\w-]{20,}|GOCSPX-[\\w-]{20,}|1//0[\\w-]{20,}',
    // A JWT, also a Kubernetes service account's; a cut one may lack its signature.
    'eyJ[\\w-]{8,512}\\.[\\w-]{8,}(?:\\.[\\w-]*)?',
    '[sr]k_(?:live|test)_\\w{10,}|whsec_[\\w+/=]{16,}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}',
    'npm_[A-Za-z0-9]{30,}|pypi-[\\w-]{40,}|dckr_pat_[\\w-]{20,}|hf_[A-Za-z0-9]{30,}',
    'SG\\.[\\w-]{16,64}\\.[\\w-]{16,}|key-[0-9a-f]{32}|do[opr]_v1_[0-9a-f]{64}|hv[sbr]\\.[\\w-]{20,}',
    'sk-(?=[\\w-]{0,60}\\d)[\\w-]{20,}|AGE-SECRET-KEY-1[0-9A-Z]{50,}',
    'tskey-[a-z]{2,16}-[\\w-]{10,}|dapi[0-9a-f]{32}|glsa_\\w{32,}|lin_api_[A-Za-z0-9]{32,}',
    'ATATT3x[\\w=-]{50,}|sq0(?:atp|csp|idp)-[\\w-]{20,}',
  ].join('|')})`,
  'g',
);

/** Whoever has the address may post: what stands after its public part. */
const WEBHOOKS = [
  /hooks\.slack\.com\/(?:services|workflows|triggers)\/([\w/-]{10,})/g,
  /discord(?:app)?\.com\/api\/webhooks\/\d{1,24}\/([\w-]{10,})/g,
  /webhook\.office\.com\/webhookb2\/([\w@/-]{10,})/g,
  /api\.telegram\.org\/bot(\d{5,16}:[\w-]{10,})/g,
];
const PRIVATE_KEY = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
const END_OF_KEY = '-----END';
const AWS_KEY_ID = /(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z2-7]{16}/;
const AWS_SECRET = /(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])/g;

export function hasAwsKey(text: string): boolean {
  return AWS_KEY_ID.test(text);
}

/** A lone 40 characters of base64, which an AWS key id beside them makes a secret. */
export function besideAwsKey(text: string, add: Add): void {
  for (const { index, 0: found } of text.matchAll(AWS_SECRET)) {
    if (/[A-Z]/.test(found) && /[a-z]/.test(found)) add(index, index + 40);
  }
}

export function byShape(text: string, add: Add): void {
  for (const { index, 0: found } of text.matchAll(SHAPES)) add(index, index + found.length);
  for (const webhook of WEBHOOKS) {
    for (const { index, 0: found, 1: path = '' } of text.matchAll(webhook))
      add(index + found.length - path.length, index + found.length);
  }
  let past = 0;
  for (const { index, 0: found } of text.matchAll(PRIVATE_KEY)) {
    if (index < past) continue;
    const end = text.indexOf(END_OF_KEY, index + found.length);
    past = end < 0 ? text.length : end;
    add(index + found.length, past);
  }
}
