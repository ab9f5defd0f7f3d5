/** The scenarios of incidents on a real Redis and on the Firestore emulator, on a clock of their own. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import { openStore } from '../../functions/adapters/store/open.ts';
import { incidentScenarios } from '../escalate/scenarios/all.ts';
import { virtualStore } from '../support/virtual-store.ts';
import { startFirestore } from './programs/firestore.ts';
import { type RedisServer, startRedis } from './programs/redis.ts';

let redis: RedisServer;
let firestore: Awaited<ReturnType<typeof startFirestore>>;
beforeAll(async () => {
  [redis, firestore] = await Promise.all([startRedis(), startFirestore()]);
  process.env.FIRESTORE_EMULATOR_HOST = firestore.host;
});
afterAll(() => Promise.all([redis.program.stop(), firestore.program.stop()]));

incidentScenarios('Redis', async ({ clock }) =>
  virtualStore(await openStore(`${redis.url}?prefix=${randomUUID()}:`, { clock }), clock),
);

incidentScenarios('Firestore', async ({ clock }) =>
  virtualStore(await openStore(`firestore://falco-relay-test/db-${randomUUID().slice(0, 8)}`, { clock }), clock),
);
