/** Faults in what only a real Redis shows. */

import type { Fault } from './fault.ts';

const REDIS = ['test/stack/store-redis'];

export const STORE_FAULTS: readonly Fault[] = [
  {
    id: 'redis-without-wait',
    rule: 'a5',
    does: 'takes a write for durable that no replica has',
    file: 'functions/adapters/store/redis-connection.ts',
    from: '  if (Number(count) < replicas) throw new ReplicationError(Number(count), replicas);\n',
    to: '  if (Number(count) < 0) throw new ReplicationError(Number(count), replicas);\n',
    suites: REDIS,
  },
  {
    id: 'redis-that-evicts',
    rule: 'a13',
    does: 'starts on a Redis that forgets what it likes',
    file: 'functions/adapters/store/redis-check.ts',
    from: "  if (policy !== 'noeviction') {\n",
    to: "  if (policy === 'never') {\n",
    suites: REDIS,
  },
  {
    id: 'redis-replay-has-no-effect',
    rule: 'a14',
    does: 'takes the replay of a parked message for a redelivery',
    file: 'functions/adapters/store/redis-events.lua.ts',
    from: "    if replay and owed % 2 == 0 and string.sub(record, 3, 3) == '1' then\n",
    to: "    if replay and owed % 2 == 1 and string.sub(record, 3, 3) == '1' then\n",
    suites: REDIS,
  },
  {
    id: 'redis-settle-takes-both',
    rule: 'a8',
    does: 'settles the escalation together with the line',
    file: 'functions/adapters/store/redis-events.lua.ts',
    from: '  if escalation and owed >= 2 then left = left - 2 end\n',
    to: '  if owed >= 2 then left = left - 2 end\n',
    suites: REDIS,
  },
  {
    id: 'redis-summary-taken-twice',
    rule: 'b3',
    does: 'gives one summary to two sweeps at once',
    file: 'functions/adapters/store/redis-events.lua.ts',
    from: "    redis.call('ZADD', prefix .. 'summaries', now + ARGV[3], id)\n",
    to: '',
    suites: REDIS,
  },
  {
    id: 'redis-first-without-entry',
    rule: 'a4',
    does: 'opens a window for a claim that came without its entry',
    file: 'functions/adapters/store/redis-events.lua.ts',
    from: "  if bare and not (fields[1] and tonumber(fields[2]) > now and tonumber(fields[3]) >= keep) then return '?' end\n",
    to: '',
    suites: REDIS,
  },
];
