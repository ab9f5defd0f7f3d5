/** A wait by the time that is given, so that tests own it. */

import type { After } from './ports.ts';

/** Resolves after `ms`. */
export function pause(after: After, ms: number): Promise<void> {
  return new Promise((resolve) => {
    after(ms, resolve);
  });
}
