/** Silences that pipeline.yaml names no more: their end is told once, by what was said when they began. */

import { expect, test } from '@jest/globals';
import { createAct } from '../../functions/callback/act.ts';
import { alertLike, SHELL } from '../support/alerts.ts';
import { PIPELINE, world } from '../support/world.ts';

const MINUTE = 60_000;
const SILENCE = `
silences: [{ match: ['namespace="payments"'], until: 2026-11-23T11:00:05Z, owner: ana@acme.example, reason: red-team week }]
announce: [leads]
${PIPELINE}`;
const NONE = `announce: [leads]\n${PIPELINE}`;

/** Instances by either configuration, on one store. */
function instances() {
  const before = world({ pipeline: SILENCE });
  const after = world({ pipeline: NONE, memory: before.memory, time: before.time });
  return { before, after };
}

/** A sweep, or two at once, and what it announced. */
async function swept(w: ReturnType<typeof world>, times = 2): Promise<string[]> {
  await Promise.all(Array.from({ length: times }, () => w.call('sweep', {})));
  await w.deliver('notifications', 'notify');
  return w.sent.splice(0).map(({ lead }) => `${lead.rule}: ${lead.output}`);
}

test('a silence that is taken out before its end is told to have ended, once, with what it muted', async () => {
  const { before, after } = instances();
  expect(await swept(before)).toEqual([expect.stringContaining('Falco Relay: a silence begins: silence by ana')]);
  await before.ingest();
  await before.deliver('escalations', 'escalate');
  before.time.pass(30 * MINUTE);
  expect(await swept(after)).toEqual([
    'Falco Relay: a silence ended: silence by ana@acme.example: red-team week. It was taken out of pipeline.yaml before its end at 2026-11-23 11:00:05 UTC; 1 alert told nobody.',
  ]);
  before.time.pass(MINUTE);
  expect(await swept(after)).toEqual([]);
  before.time.pass(120 * MINUTE);
  expect(await swept(after)).toEqual([]);
  expect(after.lines.filter(({ reason }) => reason === 'silence-ended')).toHaveLength(1);
});

test('one that ended before it was taken out, and before any sweep came, is told to have ended at its time', async () => {
  const { before, after } = instances();
  await swept(before);
  before.time.pass(180 * MINUTE);
  expect(await swept(after)).toEqual([
    expect.stringContaining('It ended at 2026-11-23 11:00:05 UTC; 0 alerts told nobody.'),
  ]);
  expect(await swept(after)).toEqual([]);
});

test('while the old and the new configuration are both at work neither says what the other one undoes', async () => {
  const { before, after } = instances();
  await swept(before);
  // Made by the new configuration, and not known to the old one yet.
  before.time.pass(MINUTE);
  expect(await swept(after)).toEqual([]);
  before.time.pass(10 * MINUTE);
  expect(await swept(after)).toEqual([expect.stringContaining('taken out of pipeline.yaml')]);
  before.time.pass(MINUTE);
  expect(await swept(before)).toEqual([]);
});

test('one that is put back begins anew, under a name of its own, and ends anew', async () => {
  const { before, after } = instances();
  await swept(before);
  before.time.pass(20 * MINUTE);
  await swept(after);
  before.time.pass(20 * MINUTE);
  expect(await swept(before)).toEqual([expect.stringContaining('a silence begins')]);
  before.time.pass(20 * MINUTE);
  expect(await swept(after)).toEqual([expect.stringContaining('taken out of pipeline.yaml')]);
});

test('a silence by a button over a group that names what acts says so in letters, within bounds', async () => {
  const w = world({ pipeline: NONE });
  const where = { ...SHELL.where, namespace: `pay\u202ements\n${'x'.repeat(300)}` };
  expect((await w.escalate(alertLike({ ...SHELL, where }))).status).toBe(204);
  await w.deliver('notifications', 'notify');
  const [page] = w.sent.splice(0);
  if (!page) throw new Error('no page');
  const { groupKey, generation } = page;
  const act = createAct({ store: w.memory, topics: w.topics, oncall: undefined, clock: w.time.clock });
  const by = 'ana\u202e';
  await act({ kind: 'mute', incident: { groupKey, generation }, by, via: 'slack', requestId: 'press-1' });
  await w.deliver('notifications', 'notify');
  w.sent.splice(0);
  const [said = ''] = await swept(w);
  expect(said).toContain('silence by ana⟨U+202E⟩');
  expect(said).not.toMatch(/\p{Cc}|\p{Cf}/u);
  expect(said.length).toBeLessThan(700);
});
