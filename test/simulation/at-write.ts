/** What must hold whenever an incident is written: what has ended stays so, and who acknowledged it has stopped its tiers. */

import { type Incident, isLive } from '../../functions/core/incident/incident.ts';
import type { Verdict } from './at-answer.ts';

/** @param before the same generation as it was written last; undefined for its first write */
export function incidentWritten(before: Incident | undefined, incident: Incident): Verdict {
  const name = `${incident.groupKey}/${incident.generation}`;
  // What is announced is told once, and is no incident to be ended.
  if (!before) return isLive(incident) || incident.report ? undefined : `${name} begins as ${incident.state}`;
  if (!isLive(before) && isLive(incident)) return `${name} was ${before.state}, and lives again`;
  if (!isLive(before) && incident.count > before.count) return `${name} was ${before.state}, and counts another alert`;
  if (incident.count < before.count) return `${name} counted ${before.count}, and counts ${incident.count}`;
  const isQuiet = before.state === 'acknowledged' && incident.round === before.round;
  if (isQuiet && incident.tier > before.tier) return `${name} was acknowledged, and tells its next tier`;
  return undefined;
}
