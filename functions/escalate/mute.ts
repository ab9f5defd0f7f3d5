/** Mute: whether an alert tells nobody, by silences, exceptions and buttons; asked by ingest, which marks Loki's entry. */

import { groupOf } from '../core/incident/group.ts';
import type { Facts } from '../core/match/facts.ts';
import { type MuteOptions, type MuteVerdict, verdictOf } from '../core/mute/mute.ts';
import type { SilenceCache } from '../core/mute/silence-cache.ts';
import { factsOfView } from '../core/page/alert-view.ts';
import type { AlertView } from '../core/page/notification.ts';
import type { Clock } from '../core/ports.ts';
import { type Route, routeAlert } from './route.ts';

export interface MutingDeps {
  options: MuteOptions;
  route: Route;
  silences: SilenceCache;
  clock: Clock;
}

export interface Muting {
  /** At ingest, where all that the event says is at hand. */
  ofEvent(alert: AlertView, facts: Facts): Promise<MuteVerdict>;
  /**
   * At escalate: what ingest decided stands; a button pressed since is heard, and the relay's own alerts are asked now.
   * @param facts what matchers may ask of it
   * @param groupKey of the incident that it would be counted in
   */
  ofAlert(alert: AlertView, facts: Facts, groupKey: string): Promise<MuteVerdict>;
}

const NONE: MuteOptions = { silences: [], exceptions: [] };

export function createMuting({ options, route, silences, clock }: MutingDeps): Muting {
  /** @param groupKeyOf asked only where there is anything that mutes */
  async function verdict(facts: Facts, groupKeyOf: () => string, asked: MuteOptions): Promise<MuteVerdict> {
    const stored = await silences();
    if (stored.length + asked.silences.length + asked.exceptions.length === 0) return { shadows: [] };
    return verdictOf({ facts, groupKey: groupKeyOf() }, asked, stored, clock());
  }

  return {
    ofEvent: (alert, facts) =>
      verdict(facts, () => groupOf(alert, routeAlert(route, factsOfView(alert))[0]?.groupBy).key, options),
    async ofAlert(alert, facts, groupKey) {
      const { muted, shadows = [] } = alert;
      if (muted) return { muted, shadows };
      const now = await verdict(facts, () => groupKey, alert.source === 'relay' ? options : NONE);
      return { ...now, shadows: [...shadows, ...now.shadows] };
    },
  };
}
