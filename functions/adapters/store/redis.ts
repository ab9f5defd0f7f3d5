/** The store on Redis: a group of claims or settlements is one script, and so one round trip. */

import { failed, type Outcome, ok } from '../../core/outcome.ts';
import { type After, HOLD_MS, type Settlement, type Store, type Summary } from '../../core/ports.ts';
import { LISTS, unpadNs } from './claim-input.ts';
import { keyOf } from './keys.ts';
import { checkRedis } from './redis-check.ts';
import { createClaimGroup } from './redis-claims.ts';
import { connectRedis, type RedisConnection, type RedisSettings, script } from './redis-connection.ts';
import { createRedisDocuments } from './redis-documents.ts';
import { CLOSE_WINDOWS, DELETE_SUMMARY, SETTLE, TAKE_SUMMARIES } from './redis-events.lua.ts';

const settleScript = script(SETTLE);
const closeScript = script(CLOSE_WINDOWS);
const takeScript = script(TAKE_SUMMARIES);
const deleteScript = script(DELETE_SUMMARY);

/** Never throws for a server that is down: its operations do. */
export async function openRedisStore(
  settings: RedisSettings,
  after: After,
  warn: (message: string) => void,
): Promise<Store & { readonly roundTrips: number }> {
  const connection = await connectRedis(settings, after, warn);
  const { prefix } = settings;
  return {
    claim: createClaimGroup(connection, prefix),
    settle: (settlements) => settleGroup(connection, prefix, settlements),
    async closeWindows(limit) {
      return Number(await connection.write(closeScript, [prefix, String(limit)]));
    },
    async takeSummaries(limit) {
      const taken = (await connection.write(takeScript, [prefix, String(limit), String(HOLD_MS)])) as [
        string,
        string[],
      ][];
      return taken.map(([id, fields]) => summaryOf(id, fields));
    },
    async deleteSummary(id) {
      await connection.write(deleteScript, [prefix, id]);
    },
    ...createRedisDocuments(connection, prefix, after),
    check: () => checkRedis(connection, settings.replicas, warn),
    close: () => connection.close(),
    get roundTrips() {
      return connection.roundTrips;
    },
  };
}

async function settleGroup(
  connection: RedisConnection,
  prefix: string,
  settlements: readonly Settlement[],
): Promise<Outcome<void>[]> {
  if (settlements.length === 0) return [];
  const args = [prefix];
  for (const { uuid, log, escalation, parked } of settlements) {
    args.push(keyOf(uuid), String((log ? 1 : 0) + (escalation ? 2 : 0) + (parked ? 4 : 0)));
  }
  try {
    const answers = (await connection.write(settleScript, args)) as string[];
    return settlements.map((_, index) =>
      answers[index] === '' ? ok(undefined) : failed(new Error(`Redis: the settlement failed: ${answers[index]}`)),
    );
  } catch (error) {
    return settlements.map(() => failed(error));
  }
}

function summaryOf(id: string, flat: readonly string[]): Summary {
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < flat.length; i += 2) fields.set(flat[i] ?? '', flat[i + 1] ?? '');
  const get = (name: string): string => fields.get(name) ?? '';
  const values = (list: number): string[] =>
    [...fields]
      .filter(([name]) => name.startsWith(String(list)))
      .sort(([, a], [, b]) => Number(a) - Number(b))
      .map(([name]) => name.slice(1));
  return {
    id,
    fingerprint: get('f'),
    n: Number(get('n')),
    firstNs: unpadNs(get('a')),
    lastNs: unpadNs(get('z')),
    timestampNs: `${get('x')}000000`,
    ...(JSON.parse(get('h')) as Pick<Summary, 'labels' | 'rule'>),
    pods: values(0),
    nodes: values(1),
    users: values(2),
    remotes: values(3),
    cut: LISTS.flatMap(([name], list) => (get(`c${list}`) === '11' ? [name] : [])),
    tried: get('y') === '1',
  };
}
