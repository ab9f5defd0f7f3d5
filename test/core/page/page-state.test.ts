/** What a page says of a round that rang some of its receivers alone. */

import { expect, test } from '@jest/globals';
import type { Notification } from '../../../functions/core/page/notification.ts';
import { stateOf } from '../../../functions/core/page/page-state.ts';
import { shellNotification } from '../../fixtures/notifications.ts';

const OTHERS = { round: 2, type: 'update', unrung: true } as const;

test.each<[string, Partial<Notification>, string]>([
  ['who was rung', { round: 2, rang: { receivers: ['oncall'] } }, 'Acknowledged by others before you were told'],
  [
    'others, who asked',
    { ...OTHERS, rang: { receivers: ['oncall'], askedBy: '\u202eana' } },
    'Open: oncall paged, asked for by ⟨U+202E⟩ana; nobody acknowledged that',
  ],
  [
    'others, who was routed to',
    { ...OTHERS, rang: { receivers: ['oncall', 'leads'] } },
    'Open: oncall, leads paged, not told before; nobody acknowledged that',
  ],
])('a round of some tells %s', (_, over, expected) => {
  expect(stateOf({ ...shellNotification, ...over })).toEqual([expected]);
});
