/** The end of what a button muted, where somebody presses at the same moment. */

import { expect, test } from '@jest/globals';
import { createAct } from '../../functions/callback/act.ts';
import { groupOf } from '../../functions/core/incident/group.ts';
import { SILENCE_KIND, storedSilences } from '../../functions/core/mute/mute-documents.ts';
import type { DocumentStore } from '../../functions/core/ports.ts';
import { sweepSilences } from '../../functions/sweep/silences.ts';
import { SHELL } from '../support/alerts.ts';
import { world } from '../support/world.ts';

const HOUR = 3_600_000;

test('a mute that was pressed anew after sweep had listed the old one stays', async () => {
  const w = world();
  await w.escalate();
  const act = createAct({ store: w.memory, topics: w.topics, oncall: undefined, clock: w.time.clock });
  const incident = { groupKey: groupOf(SHELL).key, generation: 1 };
  const mute = (requestId: string) => act({ kind: 'mute', forMs: HOUR, incident, by: 'ana', via: 'slack', requestId });
  await mute('1');
  w.time.pass(HOUR);
  const store: DocumentStore = {
    ...w.memory,
    async list(kind, limit) {
      const keys = await w.memory.list(kind, limit);
      if (kind !== SILENCE_KIND) return keys;
      expect(keys).toHaveLength(1);
      await mute('2');
      return keys;
    },
  };
  const options = { silences: [], exceptions: [] };
  await sweepSilences({ store, mute: options, announce: [], writeLog: () => {} });
  expect(await storedSilences(w.memory)).toMatchObject([{ until: w.time.clock() + HOUR }]);
});
