/** "Matchers are three-valued" of docs/protocol.md: what is unknown may raise, never lower, mute or split. */

import { describe, expect, test } from '@jest/globals';
import { matches, parseMatchers } from '../../functions/core/match/matcher.ts';
import { quietEvent } from '../support/events.ts';
import { world } from '../support/world.ts';

const facts = (name: string): string | undefined => ({ namespace: 'payments', rule: '' })[name];

test.each([
  ['yes', 'namespace="payments"'],
  ['no', 'namespace="shop"'],
  ['unknown', 'team="payments"'],
  ['unknown', 'team!="payments"'],
  ['unknown', 'team=""'],
  ['unknown', 'team=~".*"'],
  ['unknown', 'team="payments", namespace="payments"'],
  ['unknown', 'namespace="payments", team="payments", rule=""'],
  ['no', 'team="payments", namespace="shop"'],
  ['no', 'namespace="shop", team="payments"'],
])('%s: %s', (verdict, text) => {
  expect(matches(parseMatchers(text), facts)).toBe(verdict);
});

describe('a team that enrichment could not tell', () => {
  const observed = async (pipeline: string) => {
    const w = world({ pipeline: `${pipeline}\nreceivers: []\n`, receivers: [] });
    for (const uuid of ['u1', 'u2', 'u3']) await w.ingest(quietEvent(uuid));
    return w;
  };

  test('does not lower a severity', async () => {
    const w = await observed(`severity: [{ match: ['team="sandbox"'], priority: Debug }]`);
    expect(w.stored[0]?.metadata.effective_priority).toBe('Warning');
  });

  test('escalates', async () => {
    const w = await observed(`escalate: { match: ['team="payments"'] }`);
    expect(w.on('escalations')).toHaveLength(3);
  });

  test('can not be asked for by dedupe: it would lengthen a window or change a fingerprint at one time and not at another', async () => {
    const rules = `dedupe: { rules: [{ match: ['team="x"'], window: 2h, keep: 9, by: [namespace] }] }`;
    await expect(observed(rules)).rejects.toThrow('"team" comes from enrichment');
  });
});
