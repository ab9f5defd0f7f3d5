/** Refuses a Redis that would lose data by its settings, and warns of what may. */

import type { RedisConnection } from './redis-connection.ts';

export class UnsafeRedisError extends Error {
  override readonly name = 'UnsafeRedisError';
}

/** Throws an UnsafeRedisError, or whatever keeps it from asking. */
export async function checkRedis(
  connection: RedisConnection,
  replicas: number,
  warn: (message: string) => void,
): Promise<void> {
  // INFO rather than CONFIG: managed services forbid CONFIG.
  const [text] = await connection.commands([['info']]);
  const info = new Map(
    String(text)
      .split('\r\n')
      .map((line) => line.split(':', 2) as [string, string]),
  );
  const policy = info.get('maxmemory_policy');
  if (policy !== 'noeviction') {
    throw new UnsafeRedisError(`Redis: maxmemory-policy is ${policy ?? 'not known'}; it must be noeviction`);
  }
  if (info.get('cluster_enabled') === '1') {
    throw new UnsafeRedisError('Redis: cluster mode is not supported, a group is claimed in one script');
  }
  if (info.get('role') !== 'master') throw new UnsafeRedisError('Redis: this is a replica; name the primary');
  const connected = Number(info.get('connected_slaves') ?? 0);
  if (replicas > 0) {
    if (connected < replicas) warn(`Redis: ${connected} of ${replicas} replicas are connected; writes fail meanwhile`);
    return;
  }
  if (connected > 0) warn('Redis: it has replicas, but without ?replicas=1 a failover may forget acknowledged events');
  if (info.get('aof_enabled') !== '1') {
    warn('Redis: appendonly is off; a restart may forget acknowledged events');
    return;
  }
  const fsync = await connection.commands([['config', 'get', 'appendfsync']]).then(appendfsync, () => 'not known');
  if (fsync !== 'always') warn(`Redis: appendfsync is ${fsync}; without always a crash may forget acknowledged events`);
}

function appendfsync([answer]: readonly unknown[]): string {
  const value = Array.isArray(answer) ? answer[1] : (answer as { appendfsync?: unknown } | null)?.appendfsync;
  return String(value);
}
