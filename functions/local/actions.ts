/** The live page's buttons: what each does to the demo, to the local log or, as Slack would, to an incident. */

import type { Deed, Demo } from './demo.ts';
import type { LocalLoki } from './loki.ts';
import type { Presses } from './presses.ts';
import type { LocalTopics } from './topics.ts';

export interface ActionDeps {
  demo: Pick<Demo, 'openShell' | 'redeliver' | 'storm' | 'silenceNode' | 'wakeNode'>;
  loki: Pick<LocalLoki, 'broken'>;
  topics: Pick<LocalTopics, 'hurry'>;
  presses: Pick<Presses, 'press'>;
  /** Something changed that no step observes. */
  touch(): void;
}

export function createActions({ demo, loki, topics, presses, touch }: ActionDeps) {
  return {
    shell: () => demo.openShell(),
    redeliver: () => demo.redeliver(),
    storm: () => demo.storm(),
    'silence-node': () => demo.silenceNode().finally(touch),
    'wake-node': () => demo.wakeNode().finally(touch),
    'break-loki': async (): Promise<Deed> => {
      loki.broken = true;
      touch();
      return { said: 'Loki answers 503 now. Pages go out as before; entries wait on the retry topic.' };
    },
    'mend-loki': async (): Promise<Deed> => {
      loki.broken = false;
      topics.hurry('retry');
      touch();
      return { said: 'Loki answers again; what waited is being written.' };
    },
    press: async (button: unknown): Promise<Deed> => {
      const said = await presses.press(button);
      touch();
      return { said };
    },
  };
}
