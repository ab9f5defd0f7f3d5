/** What people do: buttons on open incidents, now and then twice, and deployments of another configuration. */

import type { Memory } from '../../functions/adapters/store/memory.ts';
import type { Incident } from '../../functions/core/incident/incident.ts';
import type { Fleet } from './fleet.ts';
import { PIPELINES } from './pipelines.ts';
import type { PlannedAct } from './plan.ts';
import type { Random } from './random.ts';

const PEOPLE = ['ana', 'ben'] as const;

export function perform(
  { kind, at }: PlannedAct,
  { fleet, memory, random, say }: { fleet: Fleet; memory: Memory; random: Random; say(text: string): void },
): void {
  if (kind === 'deploy') {
    fleet.deploy(random.between(0, PIPELINES - 1));
    return;
  }
  const incidents = [...memory.documents].flatMap(([key, { json }]) =>
    key.startsWith('I:') ? [JSON.parse(json) as Incident] : [],
  );
  const live = incidents.filter(({ state }) => state === 'open' || state === 'acknowledged');
  if (live.length === 0) return;
  const { groupKey, generation } = random.pick(live);
  const by = random.pick(PEOPLE);
  const action = { kind, incident: { groupKey, generation }, by, via: 'slack', requestId: `${kind} ${at}` } as const;
  for (let times = random.chance(0.2) ? 2 : 1; times > 0; times -= 1) {
    fleet
      .anyOf('callback')
      ?.act({ ...action, forMs: 4 * 60_000 })
      .then(
        (result) => say(`${by}: ${kind} ${groupKey}/${generation}: ${result.kind}`),
        () => say(`${by}: ${kind} ${groupKey}/${generation} failed`),
      );
  }
}
