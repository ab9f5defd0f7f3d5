/** Opens the store that STORE_URL names; the client of Redis and the login for Firestore load only when chosen. */

import type { After, Clock, Store } from '../../core/ports.ts';

export interface StoreDeps {
  clock: Clock;
  after?: After;
  /** Told of settings and outages that may lose data or time. */
  warn?: (message: string) => void;
}

/** A store that counts its round trips: the benchmark's measure. */
export interface OpenedStore extends Store {
  readonly roundTrips: number;
}

export class StoreUrlError extends Error {
  override readonly name = 'StoreUrlError';
}

const FORMS = 'memory:, redis[s]://HOST:PORT[?replicas=1] or firestore://PROJECT/DATABASE';

/**
 * Takes `memory:`, `redis://` and `rediss://` (options: replicas, wait_ms, prefix, ca_file) or
 * `firestore://PROJECT/DATABASE` (option: prefix; FIRESTORE_EMULATOR_HOST is honoured). Throws a StoreUrlError, which
 * never shows the url, since that may hold a password. Doesn't wait for a connection: `check()` does.
 */
export async function openStore(url: string, deps: StoreDeps): Promise<OpenedStore> {
  const after = deps.after ?? afterTimeout;
  const warn = deps.warn ?? (() => {});
  const parsed = URL.parse(url);
  if (!parsed) throw new StoreUrlError(`STORE_URL is no url; it takes ${FORMS}`);
  switch (parsed.protocol) {
    case 'memory:': {
      const { createMemoryStore } = await import('./memory.ts');
      return { ...createMemoryStore(deps.clock, after), roundTrips: 0 };
    }
    case 'redis:':
    case 'rediss:': {
      const [{ openRedisStore }, { redisSettings }] = await Promise.all([
        import('./redis.ts'),
        import('./redis-connection.ts'),
      ]);
      return openRedisStore(
        settingsOf(() => redisSettings(parsed)),
        after,
        warn,
      );
    }
    case 'firestore:': {
      const [{ openFirestoreStore }, { firestoreSettings }] = await Promise.all([
        import('./firestore.ts'),
        import('./firestore-rest.ts'),
      ]);
      const emulator = process.env.FIRESTORE_EMULATOR_HOST;
      return openFirestoreStore(
        settingsOf(() => firestoreSettings(parsed, emulator)),
        deps.clock,
        after,
      );
    }
    default:
      throw new StoreUrlError(`STORE_URL takes ${FORMS}`);
  }
}

function settingsOf<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new StoreUrlError(error instanceof Error ? error.message : 'STORE_URL is malformed');
  }
}

const afterTimeout: After = (ms, run) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};
