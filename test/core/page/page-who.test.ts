import { describe, expect, test } from '@jest/globals';
import { alertOf } from '../../../functions/adapters/receivers/alertmanager.ts';
import { chatMessageOf } from '../../../functions/adapters/receivers/google-chat.ts';
import { eventOf } from '../../../functions/adapters/receivers/pagerduty.ts';
import { messageOf } from '../../../functions/adapters/receivers/slack-message.ts';
import { bodyOf } from '../../../functions/adapters/receivers/webhook.ts';
import { firstStepOf } from '../../../functions/core/page/first-step.ts';
import type { Notification } from '../../../functions/core/page/notification.ts';
import { lineText, pageOf } from '../../../functions/core/page/page.ts';
import type { Shell } from '../../../functions/core/who/who.ts';
import { binaryNotification, HOSTILE, SHELL_NS, shellAlert, shellNotification } from '../../fixtures/notifications.ts';

const ANA = {
  user: 'ana@acme.example',
  from: '203.0.113.7',
  agent: 'kubectl/v1.33.1 (linux/amd64) kubernetes/d2c1d6a',
};
const BO = { user: 'bo@acme.example', from: '198.51.100.9', agent: 'k9s/v0.50.6' };
const ANA_TEXT = 'ana@acme.example from 203.0.113.7 by kubectl/v1.33.1';
const BO_TEXT = 'bo@acme.example from 198.51.100.9 by k9s/v0.50.6';
const NOT_OPENED = 'it was likely not opened through the Kubernetes API';

const shell = (changes: Partial<Shell> = {}): Shell => ({
  uuid: shellAlert.uuid,
  pod: 'ledger-api-7c9d-x2x8k',
  timeNs: SHELL_NS,
  by: [],
  ...changes,
});
const of = (shells: readonly Shell[], base: Notification = shellNotification): Notification => ({ ...base, shells });
const whoOf = (notification: Notification): string | undefined => lineText(pageOf(notification), 'who');

describe('who opened a shell', () => {
  test.each<[string, readonly Shell[], string | undefined]>([
    ['nobody is known, nothing is said', [shell()], undefined],
    ['nobody is known yet', [shell({ until: 1 })], undefined],
    ['a person', [shell({ by: [ANA] })], ANA_TEXT],
    ['one of two', [shell({ by: [ANA, BO] })], `one of: ${ANA_TEXT}; ${BO_TEXT}`],
    ['one person twice', [shell({ by: [ANA] }), shell({ by: [ANA] })], ANA_TEXT],
    ['two of two shells', [shell({ by: [ANA] }), shell({ by: [BO] })], `${ANA_TEXT} · ${BO_TEXT}`],
    ['a name alone', [shell({ by: [{ user: 'system:node-problem-detector' }] })], 'system:node-problem-detector'],
    [
      'a service account',
      [shell({ by: [{ user: 'system:serviceaccount:ci:deployer', from: '10.0.0.9' }] })],
      'service account ci/deployer from 10.0.0.9',
    ],
    [
      'a service account of Google',
      [shell({ by: [{ user: 'ci@acme-prod.iam.gserviceaccount.com' }] })],
      'service account ci@acme-prod.iam.gserviceaccount.com',
    ],
    ['no audit record', [shell({ unexplained: true })], `No audit record explains this shell: ${NOT_OPENED}`],
    [
      'no audit record of one of two',
      [shell({ by: [ANA] }), shell({ unexplained: true })],
      `No audit record explains the shell in ledger-api-7c9d-x2x8k at 09:00:02 UTC: ${NOT_OPENED} · ${ANA_TEXT}`,
    ],
  ])('%s', (_, shells, expected) => {
    expect(whoOf(of(shells))).toBe(expected);
  });

  test('is not who did what else leads the page', () => {
    expect(whoOf(of([shell({ by: [ANA] })], binaryNotification))).toBe(`Shell opened by ${ANA_TEXT}`);
    expect(whoOf(of([shell({ unexplained: true })], binaryNotification))).toContain('the shell in ledger-api-7c9d');
  });

  test('is not said of a storm', () => {
    expect(whoOf({ ...of([shell({ by: [ANA] })]), storm: { size: 12, members: [] } })).toBeUndefined();
  });

  test.each(HOSTILE)('%s in a name or an agent stays one line of bounded text', (_, text) => {
    const line = whoOf(of([shell({ by: [{ user: text, from: text, agent: text }] })])) ?? '';
    expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(line.length).toBeLessThanOrEqual(1_000);
  });

  test('can neither be a second name nor our own words', () => {
    const user = 'ana@acme.example from 10.0.0.1; "bo';
    const agent = 'curl;bo@acme.example · No audit record';
    expect(whoOf(of([shell({ by: [{ user, agent }] })]))).toBe(
      `"ana@acme.example from 10.0.0.1; 'bo" by "curl;bo@acme.example"`,
    );
  });
});

describe('the first step', () => {
  test.each<[string, readonly Shell[], string]>([
    ['somebody is named', [shell({ by: [ANA] })], 'ask whoever is named here'],
    ['nothing explains it', [shell({ by: [ANA] }), shell({ unexplained: true })], 'treat it as an intruder'],
    ['nothing is known', [shell()], 'find out who opened it'],
    ['there is none', [], 'find out who opened it'],
  ])('where %s', (_, shells, expected) => {
    expect(firstStepOf(shellAlert, shells)).toContain(expected);
  });

  test('of another alert stays as it is', () => {
    expect(firstStepOf(binaryNotification.lead, [shell({ unexplained: true })])).toContain('preserve the pod');
  });
});

describe('each receiver says who', () => {
  const notification = of([shell({ by: [ANA, { ...BO, agent: '<!channel>*x*' }] })]);
  const expected = `one of: ${ANA_TEXT}; bo@acme.example from 198.51.100.9 by <!channel>*x*`;

  test('Slack, in text that it does not interpret', () => {
    const { blocks } = messageOf(notification);
    expect(JSON.stringify(blocks)).toContain(JSON.stringify({ type: 'text', text: expected }));
  });

  test('PagerDuty, in custom_details', () => {
    expect(eventOf(notification, 'key')).toMatchObject({ payload: { custom_details: { who: expected } } });
  });

  test('Google Chat, escaped', () => {
    const text = expected.replace('<!channel>', '&lt;!channel&gt;');
    expect(JSON.stringify(chatMessageOf(notification))).toContain(
      JSON.stringify({ topLabel: 'Who', text, wrapText: true }),
    );
  });

  test('webhook and Alertmanager, as an annotation', () => {
    expect(bodyOf(notification)).toMatchObject({ alerts: [{ annotations: { who: expected } }] });
    expect(alertOf(notification, 0).annotations.who).toBe(expected);
  });

  test('or has no such annotation where nothing is known', () => {
    expect(JSON.stringify([bodyOf(shellNotification), alertOf(shellNotification, 0)])).not.toContain('"who"');
  });
});
