/** What pipeline.yaml may say of callbacks, and what is refused at the start. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadConfig, parsePipeline } from '../../functions/config.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'falco-relay-callbacks-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function problemsOf(text: string): string[] {
  const problems: string[] = [];
  parsePipeline(text, problems);
  return problems;
}

function written(text: string): string {
  const path = join(folder, 'pipeline.yaml');
  writeFileSync(path, text);
  return path;
}

describe('callbacks', () => {
  const secrets = {
    SLACK: '0123456789abcdef0123456789abcdef',
    NEXT: 'fedcba9876543210',
    PAGERDUTY: 'pagerduty-secret-1',
  };
  const slack = 'slack: { signing_secrets: [{ env: SLACK }] }';

  test('get their secrets, several at once, and answer to Slack alone', () => {
    const PIPELINE = written(
      `callbacks:
  allowed_users: [U0123ABCD, PLH1HKV]
  slack: { signing_secrets: [{ env: SLACK }, { env: NEXT }] }
  pagerduty: { signing_secrets: [{ env: PAGERDUTY }], allowed_users: ['*'] }`,
    );
    expect(loadConfig({ PIPELINE, ...secrets }).callbacks).toEqual({
      allowed_users: ['U0123ABCD', 'PLH1HKV'],
      slack: {
        signing_secrets: [secrets.SLACK, secrets.NEXT],
        response_origin: 'https://hooks.slack.com',
        allow_private: false,
      },
      pagerduty: { signing_secrets: [secrets.PAGERDUTY], allowed_users: ['*'] },
    });
    expect(loadConfig({}).callbacks).toBeUndefined();
  });

  test.each([
    ['nobody who may act', `{ ${slack} }`, /^pipeline.callbacks.allowed_users: name the users of slack who may act/],
    [
      'a list of nobody',
      `{ allowed_users: [], ${slack} }`,
      /^pipeline.callbacks.allowed_users: name at least one user/,
    ],
    [
      'a list for one of both',
      `{ slack: { signing_secrets: [{ env: SLACK }], allowed_users: ['*'] }, pagerduty: { signing_secrets: [{ env: PAGERDUTY }] } }`,
      /^pipeline.callbacks.allowed_users: name the users of pagerduty who may act/,
    ],
    ['a name', `{ allowed_users: [ana], ${slack} }`, /^pipeline.callbacks.allowed_users.0: a user's id/],
    [
      'an address',
      `{ allowed_users: [ana@acme.example], ${slack} }`,
      /^pipeline.callbacks.allowed_users.0: a user's id/,
    ],
    ['nobody who calls', "{ allowed_users: ['*'] }", /^pipeline.callbacks: give slack, pagerduty or both/],
    [
      'no secret',
      "{ allowed_users: ['*'], slack: { signing_secrets: [] } }",
      /^pipeline.callbacks.slack.signing_secrets/,
    ],
    [
      'a secret that is written out',
      "{ allowed_users: ['*'], slack: { signing_secrets: [S3CRET] } }",
      /^pipeline.callbacks.slack.signing_secrets.0: name where the secret is/,
    ],
    [
      'replies without encryption',
      "{ allowed_users: ['*'], slack: { signing_secrets: [{ env: SLACK }], response_origin: 'http://hooks.slack.com' } }",
      /^pipeline.callbacks.slack.response_origin: http needs allow_private/,
    ],
  ])('with %s are refused', (_, text, problem) => {
    const problems = problemsOf(`callbacks: ${text}`);
    expect(problems).toEqual([expect.stringMatching(problem)]);
    expect(problems.join()).not.toContain('S3CRET');
  });

  test.each([
    ['missing', undefined, 'pipeline.callbacks.slack.signing_secrets.0: the secret variable SLACK is missing or empty'],
    ['short enough to guess', 'S3CRET', 'pipeline.callbacks.slack.signing_secrets.0: not a signing secret'],
    ['of two lines', 'S3CRET-S3CRET\nS3CRET', 'pipeline.callbacks.slack.signing_secrets.0: not a signing secret'],
  ])('with a secret that is %s are refused, without showing it', (_, SLACK, problem) => {
    const PIPELINE = written(`callbacks: { allowed_users: ['*'], ${slack} }`);
    const load = (): unknown => loadConfig({ PIPELINE, SLACK });
    expect(load).toThrow(problem);
    expect(load).not.toThrow(/S3CRET/);
  });
});
