/** Publishes what is owed to people, and resolves the incidents of what is over. */

import type { WriteLog } from '../core/log.ts';
import type { AlertView } from '../core/page/notification.ts';
import type { Topics } from '../core/ports.ts';
import { isPast, type Told } from '../core/watch/told.ts';

export interface TellDeps {
  topics: Topics;
  writeLog: WriteLog;
  /** Ends the incident that the alert of this uuid was counted in. Harmless when it has none, or ended before. */
  resolveIncidentOf(alert: AlertView): Promise<void>;
}

/** False when it is still owed: the next sweep publishes it. */
export async function publishAlert(deps: Pick<TellDeps, 'topics' | 'writeLog'>, alert: AlertView): Promise<boolean> {
  const { uuid } = alert;
  try {
    await deps.topics.publish('escalations', { data: JSON.stringify(alert), attributes: { uuid } });
    return true;
  } catch (error) {
    const message = `escalation: ${(error as Error).message}`;
    deps.writeLog({ severity: 'ERROR', message, reason: 'pubsub-unavailable', labels: { uuid } });
    return false;
  }
}

/** @returns what is left of it: undefined once it was over for long enough. */
export async function tell(
  deps: TellDeps,
  told: Told,
  alerts: { begins: AlertView | undefined; ends: AlertView },
  now: number,
): Promise<Told | undefined> {
  const published = !told.owed || !alerts.begins || (await publishAlert(deps, alerts.begins));
  if (told.overAt !== undefined) await deps.resolveIncidentOf(alerts.ends);
  return isPast(told, now) ? undefined : { ...told, owed: !published };
}
