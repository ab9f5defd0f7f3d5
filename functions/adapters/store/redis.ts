/** The store on Redis: a group of claims or settlements is one script, and so one round trip. */

import { randomUUID } from 'node:crypto';
import type { LogEntry } from '../../core/event/alert.ts';
import { failed, type Outcome, ok } from '../../core/outcome.ts';
import {
  type After,
  type EventClaim,
  type EventRecord,
  HOLD_MS,
  type Role,
  type Settlement,
  type Store,
  type Summary,
} from '../../core/ports.ts';
import { claimError, headOf, LISTS, listed, padNs, unpadNs } from './claim-input.ts';
import { keyOf } from './keys.ts';
import { checkRedis } from './redis-check.ts';
import { connectRedis, type RedisConnection, type RedisSettings, script } from './redis-connection.ts';
import { createRedisDocuments } from './redis-documents.ts';
import { CLAIM, CLOSE_WINDOWS, DELETE_SUMMARY, SETTLE, TAKE_SUMMARIES } from './redis-events.lua.ts';

const claimScript = script(CLAIM);
const settleScript = script(SETTLE);
const closeScript = script(CLOSE_WINDOWS);
const takeScript = script(TAKE_SUMMARIES);
const deleteScript = script(DELETE_SUMMARY);

const ROLES: Readonly<Record<string, Role>> = { f: 'first', r: 'repeat', k: 'keep' };

/** Never throws for a server that is down: its operations do. */
export async function openRedisStore(
  settings: RedisSettings,
  after: After,
  warn: (message: string) => void,
): Promise<Store & { readonly roundTrips: number }> {
  const connection = await connectRedis(settings, after, warn);
  const { prefix } = settings;
  return {
    claim: (claims) => claimGroup(connection, prefix, claims),
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

async function claimGroup(
  connection: RedisConnection,
  prefix: string,
  claims: readonly EventClaim[],
): Promise<Outcome<EventRecord>[]> {
  const errors = claims.map(claimError);
  const sound = claims.filter((_, index) => !errors[index]);
  let answers: readonly string[] = [];
  let groupError: unknown;
  if (sound.length > 0) {
    const args = [prefix];
    for (const claim of sound) pushClaim(args, claim);
    try {
      answers = (await connection.write(claimScript, args)) as string[];
    } catch (error) {
      groupError = error;
    }
  }
  let next = 0;
  return claims.map((claim, index) => {
    if (errors[index]) return failed(errors[index]);
    return groupError === undefined ? outcomeOf(claim, answers[next++]) : failed(groupError);
  });
}

function pushClaim(args: string[], claim: EventClaim): void {
  const { overflow, seen } = claim;
  const flags = (claim.escalates ? 1 : 0) + (claim.replay ? 2 : 0) + (claim.pastHorizon ? 4 : 0);
  args.push(
    keyOf(claim.uuid),
    claim.fingerprint,
    overflow.key,
    overflow.fingerprint,
    `${claim.windowMs} ${claim.keep} ${overflow.limit} ${overflow.windowMs} ${flags} ${padNs(seen.timeNs)} ${randomUUID()}`,
    listed(seen.pod),
    listed(seen.node),
    listed(seen.user),
    listed(seen.remote),
    JSON.stringify(headOf(claim)),
    textOfEntry(claim.entry),
  );
}

/** The entry's line as it is, after a line of JSON for the rest: its quotes need no escaping, which costs at each claim. */
function textOfEntry({ line, ...rest }: LogEntry): string {
  return `${JSON.stringify(rest)}\n${line}`;
}

function entryOfText(text: string): LogEntry {
  const end = text.indexOf('\n');
  return { ...(JSON.parse(text.slice(0, end)) as Omit<LogEntry, 'line'>), line: text.slice(end + 1) };
}

/** Reads `0|1` and a record, as redis-events.lua.ts writes them. */
function outcomeOf(claim: EventClaim, answer: string | undefined): Outcome<EventRecord> {
  if (answer === undefined || answer.startsWith('!')) {
    return failed(new Error(`Redis: the claim failed: ${answer?.slice(1) ?? 'no answer'}`));
  }
  const again = answer[0] === '1';
  const owed = Number(answer[2]);
  const colon = answer.indexOf(':', 4);
  // The length counts bytes; only what is not plain ASCII needs them.
  const length = Number(answer.slice(4, colon));
  const fingerprint = takeBytes(answer, colon + 1, length);
  const start = colon + 1 + fingerprint.length;
  const line = answer.indexOf('\n', start);
  const entry = again ? (line < 0 ? undefined : entryOfText(answer.slice(line + 1))) : claim.entry;
  const log = owed % 2 === 1;
  return ok({
    uuid: claim.uuid,
    role: ROLES[answer[1] ?? ''] ?? 'first',
    windowId: line < 0 ? answer.slice(start) : answer.slice(start, line),
    fingerprint,
    owed: { log, escalation: owed >= 2 },
    again,
    parked: answer[3] === '1',
    ...(log && entry ? { entry } : {}),
  });
}

function takeBytes(text: string, start: number, bytes: number): string {
  const plain = text.slice(start, start + bytes);
  if (Buffer.byteLength(plain) === bytes) return plain;
  return Buffer.from(plain).subarray(0, bytes).toString();
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
