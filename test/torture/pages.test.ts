/** A page twice is fine where the first send was cut off, and only there; one that nobody got is never fine. */

import { expect, test } from '@jest/globals';
import { type Expected, labelText } from '../stack/support/expected.ts';
import type { Page } from '../stack/support/receivers.ts';
import type { Push } from './fleet.ts';
import { provePages } from './pages.ts';

const LABELS = { cluster: 'payments-eu1', workload: 'ledger-api' };
const expected: Expected = {
  ...{ stored: new Map(), texts: new Map(), parked: new Map(), distinct: 1, alerts: 1, pages: 1 },
  incidents: new Map([[labelText(LABELS), { labels: LABELS, receivers: ['archive'] }]]),
};

const page = (at: number, changes: Partial<Page> = {}): Page => ({
  ...{ receiver: 'archive', groupKey: 'g', id: 'one', body: { groupLabels: LABELS }, at },
  ...changes,
});
const push = (begun: number, ended: number, status: number, reason = ''): Push => ({
  ...{ name: 'notify', zone: 0, messageId: '1', begun, ended, status, reason },
  data: Buffer.from(JSON.stringify({ receiver: 'archive', groupKey: 'g', generation: 1 })).toString('base64'),
});

test.each<{ name: string; pages: Page[]; pushes: Push[]; doubled: object; problem?: RegExp }>([
  { name: 'once', pages: [page(10)], pushes: [push(5, 15, 204)], doubled: {} },
  {
    name: 'again after a kill',
    pages: [page(10), page(30)],
    pushes: [push(5, 15, 502), push(25, 35, 204)],
    doubled: { 'the sender was killed or did not answer': 1 },
  },
  {
    name: 'again after an answer that did not arrive',
    pages: [page(10), page(30)],
    pushes: [push(5, 15, 503, 'store-unavailable'), push(25, 35, 204)],
    doubled: { 'the sender answered 503, store-unavailable': 1 },
  },
  {
    name: 'again while another push was refused because the first one had the claim',
    pages: [page(10), page(30)],
    pushes: [push(5, 15, 204), push(6, 7, 503, 'delivery-held'), push(25, 35, 204)],
    doubled: {},
    problem: /^paged again though nothing was cut off: archive g/,
  },
  {
    name: 'again though the first was recorded',
    pages: [page(10), page(30)],
    pushes: [push(5, 15, 204), push(25, 35, 204)],
    doubled: {},
    problem: /^paged again though nothing was cut off: archive g/,
  },
  {
    name: 'under another id',
    pages: [page(10), page(30, { id: 'two' })],
    pushes: [push(5, 15, 502)],
    doubled: { 'the sender was killed or did not answer': 1 },
    problem: /^paged under several ids: archive g$/,
  },
  { name: 'never', pages: [], pushes: [push(5, 15, 204)], doubled: {}, problem: /^archive was never paged for/ },
  {
    name: 'without the store alone',
    pages: [page(10, { groupKey: 'g#down' })],
    pushes: [],
    doubled: {},
    problem: /^archive was never paged for/,
  },
])('$name', ({ pages, pushes, doubled, problem }) => {
  const proof = provePages(pages, expected, pushes);
  expect(proof.doubled).toEqual(doubled);
  if (problem) expect(proof.problems[0]).toMatch(problem);
  else expect(proof.problems).toEqual([]);
});
