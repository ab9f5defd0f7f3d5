/** Requests as Slack and PagerDuty send them, signed by whoever has the secret. */

import { createHmac } from 'node:crypto';
import type { Request } from '../../functions/core/http.ts';

/** 2026-11-23T09:00:05Z */
export const NOW = 1_795_424_405_000;
export const SLACK_SECRET = '0123456789abcdef0123456789abcdef';
export const PAGERDUTY_SECRET = 'pd-signing-secret-0123456789';
export const INCIDENT = { groupKey: '{project="acme-prod", cluster="payments-eu1"}', generation: 2 };

/** `undefined` in `over` leaves a member out. */
export function press(over: Record<string, unknown> = {}, button: Record<string, unknown> = {}): object {
  return {
    type: 'block_actions',
    user: { id: 'U0123ABCD', username: 'ana', name: 'ana', team_id: 'T0123ABCD' },
    api_app_id: 'A0123ABCD',
    token: 'an old verification token',
    container: { type: 'message', message_ts: '1795424400.000100', channel_id: 'C0123456', is_ephemeral: false },
    trigger_id: '13345224609.738474920.8088930838d88f008e0',
    team: { id: 'T0123ABCD', domain: 'acme' },
    channel: { id: 'C0123456', name: 'payments' },
    message: { type: 'message', ts: '1795424400.000100', text: 'a page' },
    response_url: 'https://hooks.slack.com/actions/T0123ABCD/1/S3CRET',
    actions: [
      {
        type: 'button',
        action_id: 'acknowledge',
        block_id: 'b1',
        value: JSON.stringify(INCIDENT),
        action_ts: '1795424404.5',
        ...button,
      },
    ],
    ...over,
  };
}

export function form(payload: object | string): string {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
  return new URLSearchParams({ payload: text }).toString();
}

/** An event of webhooks v3 in its envelope. */
export function event(over: Record<string, unknown> = {}, data: Record<string, unknown> = {}): object {
  return {
    event: {
      id: '5ac64822-4adc-4fda-ade0-410becf0de4f',
      event_type: 'incident.acknowledged',
      resource_type: 'incident',
      occurred_at: '2026-11-23T09:00:02.169Z',
      agent: {
        html_url: 'https://acme.pagerduty.com/users/PLH1HKV',
        id: 'PLH1HKV',
        self: 'https://api.pagerduty.com/users/PLH1HKV',
        summary: 'Ana Duarte',
        type: 'user_reference',
      },
      client: { name: 'PagerDuty' },
      data: {
        id: 'PGR0VU2',
        type: 'incident',
        number: 2,
        status: 'acknowledged',
        incident_key: `${INCIDENT.groupKey}/2`,
        title: 'CRIT payments-eu1 payments/ledger-api: ran /tmp/.x/kworker',
        assignees: [],
        resolve_reason: null,
        ...data,
      },
      ...over,
    },
  };
}

export function hmac(secret: string, ...parts: (string | Uint8Array)[]): string {
  const digest = createHmac('sha256', secret);
  for (const part of parts) digest.update(part);
  return digest.digest('hex');
}

export function slackRequest(
  body: string | Uint8Array,
  { secret = SLACK_SECRET, at = NOW }: { secret?: string; at?: number } = {},
): Request {
  const timestamp = String(Math.floor(at / 1_000));
  const signature = `v0=${hmac(secret, `v0:${timestamp}:`, body)}`;
  return posted(body, { 'x-slack-signature': signature, 'x-slack-request-timestamp': timestamp });
}

export function pagerdutyRequest(body: string | Uint8Array, secrets: readonly string[] = [PAGERDUTY_SECRET]): Request {
  return posted(body, { 'x-pagerduty-signature': secrets.map((secret) => `v1=${hmac(secret, body)}`).join(',') });
}

export function posted(body: string | Uint8Array, headers: Request['headers']): Request {
  return { method: 'POST', headers, body: undefined, rawBody: Buffer.from(body) };
}
