/** Claims, settlements and small helpers for the tests of the stores. */

import type { EventClaim, EventRecord, EventStore, Settlement } from '../../../functions/core/ports.ts';

/** Longer than any test: a window that does not end by itself. */
export const LONG_MS = 3_600_000;

/** A claim as ingest would make it; `change` replaces what a test is about. */
export function claimOf(uuid: string, change: Partial<EventClaim> = {}): EventClaim {
  return {
    uuid,
    fingerprint: 'fp',
    overflow: { key: 'workload', fingerprint: 'fp-overflow', limit: 50, windowMs: LONG_MS },
    windowMs: LONG_MS,
    keep: 0,
    escalates: false,
    entry: {
      labels: { project: 'acme-prod', cluster: 'payments-eu1', source: 'syscall', priority: 'Notice' },
      timestampNs: '1764000000000000001',
      line: `{"uuid":${JSON.stringify(uuid)}}`,
      metadata: { uuid, n: '1', rule: 'Terminal shell in container' },
    },
    replay: false,
    pastHorizon: false,
    seen: { timeNs: '1764000000000000001', pod: 'ledger-1', node: 'node-1', user: 'root', remote: '' },
    ...change,
  };
}

/** `count` claims with uuids `NAME-0`, `NAME-1`, ... */
export function claimsOf(name: string, count: number, change: Partial<EventClaim> = {}): EventClaim[] {
  return Array.from({ length: count }, (_, index) => claimOf(`${name}-${index}`, change));
}

export function settlementOf(uuid: string, change: Partial<Settlement>): Settlement {
  return { uuid, log: false, escalation: false, parked: false, ...change };
}

/** The records of a group that must not fail. */
export async function claimAll(store: EventStore, claims: readonly EventClaim[]): Promise<EventRecord[]> {
  return (await store.claim(claims)).map((outcome) => {
    if (!outcome.ok) throw outcome.error;
    return outcome.value;
  });
}

export async function claimOne(store: EventStore, claim: EventClaim): Promise<EventRecord> {
  const [record] = await claimAll(store, [claim]);
  if (!record) throw new Error('no record');
  return record;
}

/** Settles what must not fail. */
export async function settleAll(store: EventStore, settlements: readonly Settlement[]): Promise<void> {
  for (const outcome of await store.settle(settlements)) if (!outcome.ok) throw outcome.error;
}
