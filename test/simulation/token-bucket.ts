/** A rate limit as Loki keeps them: so many bytes a second, so many at once, and what is refused costs nothing. */

export interface TokenBucket {
  /** Takes `bytes` where they are allowed. More than the burst never is. */
  allow(bytes: number, nowMs: number, rate: number, burst: number): boolean;
}

export function createTokenBucket(): TokenBucket {
  let tokens = Infinity;
  let filledMs = 0;
  return {
    allow(bytes, nowMs, rate, burst) {
      tokens = Math.min(burst, tokens + (Math.max(0, nowMs - filledMs) / 1_000) * rate);
      filledMs = Math.max(filledMs, nowMs);
      if (bytes > tokens) return false;
      tokens -= bytes;
      return true;
    },
  };
}
