import { describe, expect, test } from '@jest/globals';
import { groupOf } from '../../functions/core/incident/group.ts';
import type { Incident } from '../../functions/core/incident/incident.ts';
import type { AlertView } from '../../functions/core/page/notification.ts';
import { createResolve } from '../../functions/sweep/resolve.ts';
import { alertLike, SHELL } from '../support/alerts.ts';
import { world } from '../support/world.ts';
import { countedIn } from './counted.ts';

const SILENT = alertLike(SHELL, { rule: 'Falco Relay: node silent', source: 'relay' });
/** The end, a minute later. */
const OVER: AlertView = { ...SILENT, timeNs: String(BigInt(SILENT.timeNs) + 60_000_000_000n) };

async function resolving(alerts: readonly AlertView[], over: Partial<Incident> = {}) {
  const { store, time, incident } = await countedIn(groupOf(SILENT), alerts, over);
  await createResolve({ store, clock: time.clock })(OVER);
  return (await incident())?.state;
}

describe('an incident of what is over', () => {
  test.each<{ name: string; alerts: AlertView[]; over?: Partial<Incident>; state: string | undefined }>([
    { name: 'open', alerts: [SILENT], state: 'resolved' },
    { name: 'acknowledged', alerts: [SILENT], over: { state: 'acknowledged' }, state: 'resolved' },
    { name: 'quiet', alerts: [SILENT], over: { state: 'quiet' }, state: 'quiet' },
    { name: 'of a later generation', alerts: [SILENT], over: { generation: 2 }, state: 'open' },
    { name: 'with a later silence', alerts: [SILENT, alertLike(SILENT, {}, 61)], state: 'open' },
    { name: 'with another rule of ours', alerts: [SILENT, alertLike(SILENT, { rule: 'another' })], state: 'open' },
    { name: "with an alert of Falco's", alerts: [SILENT, alertLike(SHELL)], state: 'open' },
    { name: 'that was never opened', alerts: [], state: undefined },
  ])('$name: $state', async ({ alerts, over = {}, state }) => {
    expect(await resolving(alerts, over)).toBe(state);
  });
});

test('whoever was told hears that it is over, and nothing rings', async () => {
  const w = world({ receivers: ['oncall'] });
  await w.escalate(SILENT);
  await w.deliver('notifications', 'notify');
  await createResolve({ store: w.memory, clock: w.time.clock })(OVER);
  await w.call('sweep', {});
  await w.deliver('notifications', 'notify');
  expect(w.sent).toMatchObject([
    { type: 'page', state: 'open' },
    { type: 'update', state: 'resolved', by: { who: 'Falco Relay' } },
  ]);
});
