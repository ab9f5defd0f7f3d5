/** What a person, or the relay itself, does to an incident: acknowledge and resolve. Pure. */

import { type Incident, isLive } from './incident.ts';

export interface Acted {
  /** Undefined where nothing changes. */
  incident?: Incident;
  reason: 'incident-acknowledged' | 'incident-resolved' | 'incident-over' | 'incident-acknowledged-before';
}

/** Stops the tiers. What is acknowledged stays so for whoever was first. */
export function acknowledged(incident: Incident, who: string, now: number): Acted {
  if (!isLive(incident)) return { reason: 'incident-over' };
  if (incident.state === 'acknowledged') return { reason: 'incident-acknowledged-before' };
  const { storm } = incident;
  return {
    incident: {
      ...incident,
      state: 'acknowledged',
      by: { who, at: now },
      ...(storm && { storm: { ...storm, acknowledgedSize: storm.size } }),
    },
    reason: 'incident-acknowledged',
  };
}

/** Over: the next alert of the group opens a new generation, and pages. */
export function resolved(incident: Incident, who: string, now: number): Acted {
  if (!isLive(incident)) return { reason: 'incident-over' };
  return { incident: { ...incident, state: 'resolved', by: { who, at: now } }, reason: 'incident-resolved' };
}
