/** The store contract on the official Firestore emulator, and what is Firestore's own. */

import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  connectFirestore,
  type FirestoreRest,
  firestoreSettings,
} from '../../functions/adapters/store/firestore-rest.ts';
import { millis, text } from '../../functions/adapters/store/firestore-values.ts';
import { type OpenedStore, openStore } from '../../functions/adapters/store/open.ts';
import { type After, OWING_TTL_MS, RECORD_TTL_MS } from '../../functions/core/ports.ts';
import { claimAll, claimOf, claimOne, claimsOf, LONG_MS, settleAll, settlementOf } from '../adapters/store/claims.ts';
import { storeContract } from '../adapters/store/contract.ts';
import { type FirestoreEmulator, startFirestore } from './programs/firestore.ts';

const after: After = (ms, run) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};

let emulator: FirestoreEmulator;
beforeAll(async () => {
  emulator = await startFirestore();
  process.env.FIRESTORE_EMULATOR_HOST = emulator.host;
});
afterAll(() => emulator.program.stop());

const urlOf = (prefix: string): string => `firestore://falco-relay-test/(default)?prefix=${prefix}`;
const open = (prefix: string): Promise<OpenedStore> => openStore(urlOf(prefix), { clock: Date.now });

storeContract('Firestore', async () => {
  const prefix = `t${randomUUID().slice(0, 8)}-`;
  // Rule b6: the second instance's clock is wrong by decades, and it must not matter.
  return { store: await open(prefix), other: await openStore(urlOf(prefix), { clock: () => 0 }) };
});

describe('the Firestore store', () => {
  async function openBoth(): Promise<{ store: OpenedStore; other: OpenedStore; rest: FirestoreRest }> {
    const prefix = `t${randomUUID().slice(0, 8)}-`;
    const rest = await connectFirestore(firestoreSettings(new URL(urlOf(prefix)), emulator.host), after);
    return { store: await open(prefix), other: await open(prefix), rest };
  }

  test('needs 3 round trips for a group of firsts, 2 for repeats, 1 for redeliveries', async () => {
    const { store } = await openBoth();
    const trips = async (act: () => Promise<unknown>): Promise<number> => {
      const before = store.roundTrips;
      await act();
      return store.roundTrips - before;
    };
    const firsts = Array.from({ length: 20 }, (_, index) => claimOf(`f${index}`, { fingerprint: `fp${index}` }));
    const settlements = firsts.map(({ uuid }) => settlementOf(uuid, { log: true }));
    expect(await trips(() => claimAll(store, firsts))).toBe(2);
    expect(await trips(() => settleAll(store, settlements))).toBe(1);
    // The first repeat of each window marks it; the others only read it.
    const repeats = (name: string) => firsts.map((claim) => ({ ...claim, uuid: `${name}-${claim.uuid}` }));
    expect(await trips(() => claimAll(store, repeats('a')))).toBe(2);
    expect(await trips(() => claimAll(store, repeats('b')))).toBe(2);
    expect(await trips(() => claimAll(store, firsts))).toBe(1);
    await store.close();
  });

  test('repeats do not write their window, they verify it', async () => {
    const gate = await startCommitGate(emulator.host);
    process.env.FIRESTORE_EMULATOR_HOST = gate.host;
    const store = await open(`t${randomUUID().slice(0, 8)}-`);
    process.env.FIRESTORE_EMULATOR_HOST = emulator.host;
    await claimAll(store, claimsOf('a', 2));
    await claimAll(store, claimsOf('b', 30));
    const writes = gate.commits.map((body) => {
      const commit = JSON.parse(body) as { writes: { update?: { name: string }; verify?: string }[] };
      return commit.writes.filter(({ update, verify }) => (update?.name ?? verify)?.includes('windows/'));
    });
    expect(writes).toEqual([
      [expect.objectContaining({ update: expect.anything() })],
      [expect.objectContaining({ verify: expect.anything() })],
    ]);
    await store.close();
    await gate.close();
  });

  test('a repeat that read its window before it was closed and counted is not lost in it', async () => {
    const prefix = `t${randomUUID().slice(0, 8)}-`;
    const gate = await startCommitGate(emulator.host);
    process.env.FIRESTORE_EMULATOR_HOST = gate.host;
    const slow = await open(prefix);
    process.env.FIRESTORE_EMULATOR_HOST = emulator.host;
    const store = await open(prefix);
    const [first] = await claimAll(store, claimsOf('a', 2, { windowMs: 1_500 }));
    gate.hold();
    const claiming = claimOne(slow, claimOf('late'));
    await gate.held();
    while ((await store.closeWindows(1)) === 0);
    const [summary] = await store.takeSummaries(1);
    expect(summary).toMatchObject({ id: first?.windowId, n: 1 });
    gate.release();
    const late = await claiming;
    expect(late.role).toBe('first');
    expect(late.windowId).not.toBe(first?.windowId);
    await Promise.all([store.close(), slow.close()]);
    await gate.close();
  });

  test('a window that Firestore does not count holds up no other, and is counted later', async () => {
    const gate = await startCommitGate(emulator.host);
    process.env.FIRESTORE_EMULATOR_HOST = gate.host;
    const prefix = `t${randomUUID().slice(0, 8)}-`;
    const store = await open(prefix);
    process.env.FIRESTORE_EMULATOR_HOST = emulator.host;
    const rest = await connectFirestore(firestoreSettings(new URL(urlOf(prefix)), emulator.host), after);
    const of = (name: string) => claimsOf(name, 3, { fingerprint: name, windowMs: 300 });
    const [bad] = await claimAll(store, ['bad', 'good', 'better'].flatMap(of));
    const id = bad?.windowId ?? '';
    let closed = 0;
    while (closed < 3) closed += await store.closeWindows(10);
    gate.refuse(`"${id}|`);
    const failed: string[] = [];
    const taken = await store.takeSummaries(10, (windowId) => void failed.push(windowId));
    expect([taken.map(({ fingerprint }) => fingerprint).sort(), failed]).toEqual([['better', 'good'], [id]]);
    expect(await store.takeSummaries(10)).toEqual([]);

    gate.refuse(undefined);
    const { documents } = await rest.get([`summaries/${id}`]);
    expect(documents[0]?.fields).toMatchObject({ failures: 1, tried: false });
    // Its wait is over.
    await rest.commit([{ kind: 'set', path: `summaries/${id}`, fields: { until: 0 }, mask: ['until'] }]);
    expect(await store.takeSummaries(10)).toMatchObject([{ id, n: 2, tried: false }]);
    await Promise.all([store.close(), rest.close(), gate.close()]);
  });

  test('more repeats than are read for the lists are still counted exactly', async () => {
    const { store } = await openBoth();
    await claimOne(store, claimOf('first', { windowMs: 15_000 }));
    const seen = (index: number) => ({ ...claimOf('').seen, timeNs: String(1_000 + index) });
    const repeats = claimsOf('a', 1_050).map((claim, index) => ({ ...claim, seen: seen(index) }));
    await claimAll(store, repeats);
    while ((await store.closeWindows(1)) === 0);
    const [summary] = await store.takeSummaries(1);
    expect(summary).toMatchObject({ n: 1_050, firstNs: '1000', lastNs: '2049', pods: ['ledger-1'] });
    expect(summary?.cut).toEqual(['pods', 'nodes', 'users', 'remotes']);
    await store.close();
  });

  test('records expire 8 days after their last debt, 31 while they owe; an expired one that is still there is absent', async () => {
    const { store, other, rest } = await openBoth();
    await claimAll(store, [claimOf('owes'), claimOf('counted'), claimOf('settled', { fingerprint: 'x' })]);
    await settleAll(store, [settlementOf('settled', { log: true })]);
    await claimOne(store, claimOf('parked', { fingerprint: 'y' }));
    await settleAll(store, [settlementOf('parked', { parked: true })]);
    const names = ['owes', 'counted', 'settled', 'parked'];
    const { now, documents } = await rest.get(names.map((name) => `events/${name}`));
    const days = documents.map((document) =>
      Math.round((millis(document?.fields ?? {}, 'expires') - now) / 86_400_000),
    );
    expect(days).toEqual([OWING_TTL_MS, RECORD_TTL_MS, RECORD_TTL_MS, OWING_TTL_MS].map((ms) => ms / 86_400_000));
    expect(documents.map((document) => text(document?.fields ?? {}, 'entry') !== '')).toEqual([
      true,
      false,
      false,
      false,
    ]);

    const fields = { expires: new Date(now - 1) };
    await rest.commit([{ kind: 'set', path: 'events/counted', fields, mask: ['expires'] }]);
    expect(await claimOne(other, claimOf('counted'))).toMatchObject({ again: false, role: 'repeat' });
    await Promise.all([store.close(), other.close(), rest.close()]);
  });

  test('an item that Firestore refuses fails alone', async () => {
    const { store } = await openBoth();
    const huge = { ...claimOf('').entry, line: 'x'.repeat(1_100_000) };
    const claims = [claimOf('a'), claimOf('huge', { fingerprint: 'x', entry: huge }), claimOf('b')];
    expect((await store.claim(claims)).map(({ ok }) => ok)).toEqual([true, false, true]);
    await store.close();
  });

  test('an emulator that is gone fails the group, and says nothing of its content', async () => {
    const store = await openStore('firestore://falco-relay-test/(default)', { clock: Date.now });
    process.env.FIRESTORE_EMULATOR_HOST = '127.0.0.1:1';
    const nowhere = await openStore('firestore://falco-relay-test/(default)', { clock: Date.now });
    process.env.FIRESTORE_EMULATOR_HOST = emulator.host;
    await store.check();
    await expect(nowhere.check()).rejects.toThrow();
    const outcomes = await nowhere.claim([claimOf('secret-uuid')]);
    expect(outcomes[0]).toMatchObject({ ok: false });
    expect(String(outcomes[0]?.ok === false && outcomes[0].error)).not.toContain('secret-uuid');
    await Promise.all([store.close(), nowhere.close()]);
  });

  test('many instances on one hot fingerprint', async () => {
    const prefix = `t${randomUUID().slice(0, 8)}-`;
    const stores = await Promise.all(Array.from({ length: 8 }, () => open(prefix)));
    const records = await Promise.all(
      stores.map(async (store, index) => {
        const groups = [];
        for (let round = 0; round < 6; round += 1) {
          groups.push(...(await claimAll(store, claimsOf(`${index}-${round}`, 10, { keep: 5, windowMs: LONG_MS }))));
        }
        return groups;
      }),
    );
    const roles = records.flat().map(({ role }) => role);
    expect(roles.filter((role) => role === 'first')).toHaveLength(1);
    expect(roles.filter((role) => role === 'keep')).toHaveLength(5);
    expect(roles.filter((role) => role === 'repeat')).toHaveLength(474);
    await Promise.all(stores.map((store) => store.close()));
  });
});

interface CommitGate {
  host: string;
  /** The bodies of the commits so far. */
  commits: readonly string[];
  /** From now on commits wait. */
  hold(): void;
  /** Resolves once a commit waits. */
  held(): Promise<void>;
  release(): void;
  /** From now on what is asked with these words is answered by an error. */
  refuse(words: string | undefined): void;
  close(): Promise<void>;
}

/** Stands before the emulator: holds back commits, so that a test can act between a read and its commit, or refuses. */
async function startCommitGate(host: string): Promise<CommitGate> {
  let opened = Promise.resolve();
  let release: () => void = () => {};
  let refused: string | undefined;
  const arrival = Promise.withResolvers<void>();
  const commits: string[] = [];
  const server = createServer(async (request, response) => {
    const body = await textOf(request);
    if (request.url?.endsWith(':commit')) {
      commits.push(body);
      arrival.resolve();
      await opened;
    }
    if (refused !== undefined && body.includes(refused) && !request.url?.endsWith(':commit')) {
      response.writeHead(503, { 'content-type': 'application/json' }).end('{"error":{"status":"UNAVAILABLE"}}');
      return;
    }
    const headers = { 'content-type': 'application/json', authorization: 'Bearer owner' };
    const answer = await fetch(`http://${host}${request.url}`, { method: 'POST', headers, body });
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    host: `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    commits,
    hold() {
      opened = new Promise((resolve) => {
        release = resolve;
      });
    },
    held: () => arrival.promise,
    release: () => release(),
    refuse(words) {
      refused = words;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
