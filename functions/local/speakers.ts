/** Two nodes of the demo that speak as Falco's metrics snapshots make them, until one of them falls silent. */

import type { Happening } from './falco-events.ts';
import { metrics } from './happenings.ts';
import { NODES, PAYMENTS } from './scenes.ts';

/** Falco's own are five minutes apart; a person who watches is less patient. Every second one lets time count as recorded. */
const EVERY_MS = 16_000;
/** A node is missed only once it is known how often it speaks: from two snapshots that were not recorded as one. */
const LAST_WORDS_MS = [11_000, 22_000];
/** The node on which the page's button opens its first shell: silent shortly after an alert is louder. */
const QUIET_ONE = NODES.paymentsB;
const OTHER = NODES.paymentsA;

export interface SpeakersDeps {
  send(name: string, happening: Happening): Promise<void>;
  later(ms: number, run: () => void): void;
}

export interface Speakers {
  /** The name of the node that says nothing from now on. */
  silence(): Promise<string>;
  /** The same node speaks again. */
  wake(): Promise<string>;
  silenced(): boolean;
}

export function createSpeakers({ send, later }: SpeakersDeps): Speakers {
  let started = false;
  let silenced = false;
  let snapshots = 0;

  function speak(node: string): Promise<void> {
    snapshots += 1;
    return send(`snapshot ${snapshots}`, metrics(PAYMENTS, node, 0));
  }

  /** For as long as the relay runs: who stopped would be missed. */
  function goOn(): void {
    later(EVERY_MS, () => {
      goOn();
      void speak(OTHER);
      if (!silenced) void speak(QUIET_ONE);
    });
  }

  return {
    async silence() {
      silenced = true;
      if (started) return QUIET_ONE;
      started = true;
      goOn();
      for (const ms of LAST_WORDS_MS) later(ms, () => void speak(QUIET_ONE));
      await Promise.all([OTHER, QUIET_ONE].map(speak));
      return QUIET_ONE;
    },
    async wake() {
      silenced = false;
      await speak(QUIET_ONE);
      return QUIET_ONE;
    },
    silenced: () => silenced,
  };
}
