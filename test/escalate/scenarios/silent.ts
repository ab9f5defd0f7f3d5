/** What people hear of nodes that fall silent one after the other, and speak again. */

import { expect } from '@jest/globals';
import { snapshot, speak } from '../../support/falco.ts';
import type { Doing, Scenario } from '../../support/scenario.ts';
import { want } from '../../support/scenario.ts';
import { ONE, receivers } from './pipelines.ts';

const NODES = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((letter) => `gke-${letter}`);

/** When a node is silent: from its last word before the first minute until the second. */
const SILENT: Readonly<Record<string, readonly [number, number]>> = {
  'gke-a': [31, 90],
  'gke-b': [41, 70],
  'gke-c': [41, 90],
};

const isSilent = (node: string, minute: number): boolean => {
  const [from, until] = SILENT[node] ?? [0, 0];
  return minute >= from && minute < until;
};

/** Every five minutes each node that is not silent sends its snapshot; what sweep published reaches escalate a minute later. */
const passing =
  (minute: number): Doing =>
  async ({ world }) => {
    const speaking = minute % 5 === 0 ? NODES.filter((node) => !isSilent(node, minute)) : [];
    for (const node of speaking) expect(await speak(world, snapshot(node))).toBe(204);
    await world.deliver('escalations', 'escalate');
  };

const listing = (names: string) => ({ silent: expect.stringMatching(new RegExp(`: ${names}$`)) });

export const SILENT_NODES: readonly Scenario[] = [
  {
    name: 'silent nodes are one incident that lists those which are silent now, and ends with the last of them',
    pipeline: ONE,
    receivers,
    at: Object.fromEntries(Array.from({ length: 120 }, (_, minute) => [minute, [passing(minute)]])),
    wants: [
      want([46, 53], 'oncall', 'page', listing('1 node\\(s\\): gke-a')),
      want([56, 65], 'oncall', 'update', listing('3 node\\(s\\): gke-a, gke-b, gke-c')),
      want([70, 80], 'oncall', 'update', listing('2 node\\(s\\): gke-a, gke-c')),
      want([90, 95], 'oncall', 'update', { state: 'resolved', by: { who: 'Falco Relay' } }),
    ],
    until: 119,
  },
];
