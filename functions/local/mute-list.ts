/** What is muted now, as the live page lists it: by pipeline.yaml and by buttons, with how much each kept quiet. */

import type { MuteOptions } from '../core/mute/mute.ts';
import { type MuteView, readMutes } from '../core/mute/mute-list.ts';
import type { After, Clock, DocumentStore } from '../core/ports.ts';

/** Read at most this often: the first change is seen late by as much, those that follow it go along. */
const READ_MS = 1_000;

export interface MuteList {
  view(): readonly MuteView[];
  /** Something may have changed. */
  touch(): void;
  stop(): void;
}

export interface MuteListOptions {
  store(): Promise<DocumentStore>;
  options: MuteOptions;
  clock: Clock;
  after: After;
  /** Called when the list differs from what it was. */
  onChange(): void;
}

export function createMuteList({ store, options, clock, after, onChange }: MuteListOptions): MuteList {
  let shown: readonly MuteView[] = [];
  let cancel: (() => void) | undefined;
  let stopped = false;

  async function read(): Promise<void> {
    try {
      const now = await readMutes(await store(), options, clock());
      if (JSON.stringify(now) === JSON.stringify(shown)) return;
      shown = now;
      onChange();
    } catch {
      // While the store is down the page shows what was known; the log says that it is down.
    }
  }

  return {
    view: () => shown,
    touch() {
      if (stopped) return;
      cancel ??= after(READ_MS, () => {
        cancel = undefined;
        void read();
      });
    },
    stop() {
      stopped = true;
      cancel?.();
    },
  };
}
