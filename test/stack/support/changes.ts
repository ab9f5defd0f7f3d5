/** Waits for what others bring about: a condition is asked again whenever something has changed. */

export interface Changes {
  tell(): void;
  /** Resolves once `condition` holds. Throws after `timeoutMs`. */
  until(condition: () => boolean, timeoutMs?: number): Promise<void>;
}

export function createChanges(): Changes {
  const looking = new Set<() => void>();
  return {
    tell() {
      for (const look of looking) look();
    },
    async until(condition, timeoutMs = 120_000) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const look = (): void => {
        if (condition()) resolve();
      };
      const timer = setTimeout(() => reject(new Error(`not within ${timeoutMs} ms: ${condition}`)), timeoutMs);
      looking.add(look);
      look();
      await promise.finally(() => {
        clearTimeout(timer);
        looking.delete(look);
      });
    },
  };
}
