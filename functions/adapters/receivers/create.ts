/** From an entry of pipeline.yaml to its receiver; each kind's file is loaded when it is first needed. */

import type { Clock, Receiver } from '../../core/ports.ts';
import type { Http } from '../http.ts';
import type { ResolvedReceiver } from './options.ts';

export interface ReceiverDeps {
  http: Http;
  clock: Clock;
}

/** @throws Error without secrets where the options can't work, such as a signing secret that is not base64. */
export async function createReceiver(entry: ResolvedReceiver, deps: ReceiverDeps): Promise<Receiver> {
  const { name } = entry;
  if (entry.pagerduty) {
    const { createPagerDuty } = await import('./pagerduty.ts');
    return createPagerDuty({ name, options: entry.pagerduty, ...deps });
  }
  if (entry.slack) {
    const { createSlack } = await import('./slack.ts');
    return createSlack({ name, options: entry.slack, ...deps });
  }
  if (entry.webhook) {
    const { createWebhook } = await import('./webhook.ts');
    return createWebhook({ name, options: entry.webhook, ...deps });
  }
  if (entry['google-chat']) {
    const { createGoogleChat } = await import('./google-chat.ts');
    return createGoogleChat({ name, options: entry['google-chat'], ...deps });
  }
  if (entry.alertmanager) {
    const { createAlertmanager } = await import('./alertmanager.ts');
    return createAlertmanager({ name, options: entry.alertmanager, ...deps });
  }
  throw new Error(`receiver ${name}: no kind is given`);
}
