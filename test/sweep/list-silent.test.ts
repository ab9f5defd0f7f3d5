import { describe, expect, test } from '@jest/globals';
import { groupOf } from '../../functions/core/incident/group.ts';
import type { Incident } from '../../functions/core/incident/incident.ts';
import type { AlertView } from '../../functions/core/page/notification.ts';
import { createListSilent } from '../../functions/sweep/list-silent.ts';
import { alertLike, SHELL } from '../support/alerts.ts';
import { countedIn } from './counted.ts';

const SILENT = alertLike(SHELL, { rule: 'Falco Relay: node silent', source: 'relay', silent: 'a and b' });
const ELSEWHERE = alertLike(SILENT, {
  silent: 'z',
  where: { cluster: { project: 'acme-prod', location: 'us-central1', name: 'shop-us1' } },
});

async function listing(alerts: readonly AlertView[], of: AlertView, over: Partial<Incident> = {}) {
  const { store, incident } = await countedIn(groupOf(SILENT), alerts, over);
  await createListSilent(store)(of, 'b alone');
  return (await incident())?.silent;
}

describe('the list of silent nodes', () => {
  test.each<[string, readonly AlertView[], AlertView, Partial<Incident>, string | undefined]>([
    ['is as it is now', [SILENT], SILENT, {}, 'b alone'],
    ['of what is over stays', [SILENT], SILENT, { state: 'resolved' }, 'a and b'],
    ['of a later generation stays', [SILENT], SILENT, { generation: 2 }, 'a and b'],
    ['waits for its alert', [], SILENT, {}, undefined],
    ['is of the first cluster where there are two', [SILENT, ELSEWHERE], ELSEWHERE, {}, 'a and b'],
  ])('%s', async (_, alerts, of, over, silent) => {
    expect(await listing(alerts, of, over)).toBe(silent);
  });
});
