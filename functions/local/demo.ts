/** Sends the script to `POST /ingest` as Pub/Sub would, and more of it when a button of the live page is pressed. */

import type { After, Clock } from '../core/ports.ts';
import { eventJson, type Happening, uuidOf } from './falco-events.ts';
import { droppedIn, shellIn } from './happenings.ts';
import { LEDGER, PAYMENTS, type Place, SHELL_PLACES, STORM_SIZE, stormPlaces } from './scenes.ts';
import { SCRIPT } from './script.ts';
import { createSpeakers } from './speakers.ts';
import { backoffMs } from './topics.ts';

const MAX_ATTEMPTS = 40;
/** The first event of all: a shell opened in a pod. */
const HELLO = 'shell';

export interface DemoOptions {
  /** Posts a push body to our own ingest; gives the status. An error counts as no answer. */
  post(body: string): Promise<number>;
  clock: Clock;
  after: After;
  /** Decides the uuids, so that two runs over one store send different events. */
  seed: string;
}

/** What a button did, in a sentence, and which incident shows it, by labels of its group; a storm has `storm` as well. */
export interface Deed {
  said: string;
  where?: Readonly<Record<string, string>>;
}

export interface Demo {
  /** Sends the first event at once and the others in their time. */
  start(): void;
  openShell(): Promise<Deed>;
  /** Sends the latest shell three times more, as after lost acknowledgements. */
  redeliver(): Promise<Deed>;
  /** Opens an incident in each of `STORM_SIZE` workloads at once. */
  storm(): Promise<Deed>;
  /** A node whose Falco spoke until now says nothing more. */
  silenceNode(): Promise<Deed>;
  wakeNode(): Promise<Deed>;
  /** Whether a node is silent now. */
  silenced(): boolean;
  stop(): void;
}

interface Shell extends Sent {
  where: Readonly<Record<string, string>>;
}

interface Sent {
  attributes: Readonly<Record<string, string>>;
  data: string;
  messageId: string;
  publishTime: string;
  attempts: number;
}

export function createDemo(options: DemoOptions): Demo {
  const { clock, after, seed } = options;
  const waits = new Set<() => void>();
  let presses = 0;
  let storms = 0;
  let lastId = 0;
  let latestShell: Shell | undefined;

  function later(ms: number, run: () => void): void {
    const cancel = after(ms, () => {
      waits.delete(cancel);
      run();
    });
    waits.add(cancel);
  }

  function message(name: string, happening: Happening | undefined, raw = ''): Sent {
    const now = clock();
    const uuid = uuidOf(seed, name);
    lastId += 1;
    return {
      attributes: happening?.attributes ?? {},
      data: Buffer.from(happening ? eventJson(happening, uuid, now) : raw).toString('base64'),
      messageId: `demo-${lastId}`,
      publishTime: new Date(now).toISOString(),
      attempts: 0,
    };
  }

  function shell(name: string, place: Place): Shell {
    const { cluster, namespace, container } = place;
    return { ...message(name, shellIn(place)), where: { cluster: cluster.name, namespace, workload: container } };
  }

  /** Until it is acknowledged, as Pub/Sub would. */
  async function send(sent: Sent): Promise<void> {
    const { attributes, data, messageId, publishTime } = sent;
    sent.attempts += 1;
    const status = await options
      .post(
        JSON.stringify({
          message: { attributes, data, messageId, publishTime },
          subscription: 'projects/local/subscriptions/falco-events',
          deliveryAttempt: sent.attempts,
        }),
      )
      .catch(() => 0);
    const acknowledged = status >= 200 && status < 300;
    if (!acknowledged && sent.attempts < MAX_ATTEMPTS) later(backoffMs(sent.attempts), () => void send(sent));
  }

  async function sendTimes(sent: Sent, times: number): Promise<void> {
    for (let time = 0; time < times; time += 1) await send(sent);
  }

  const speakers = createSpeakers({ send: (name, happening) => send(message(name, happening)), later });

  return {
    start() {
      latestShell = shell(HELLO, LEDGER);
      void send(latestShell);
      for (const { atMs, name, happening, raw, deliveries } of SCRIPT) {
        later(atMs, () => void sendTimes(message(name, happening, raw), deliveries));
      }
    },
    async openShell() {
      const place = SHELL_PLACES[presses % SHELL_PLACES.length] ?? LEDGER;
      presses += 1;
      latestShell = shell(`shell pressed ${presses}`, place);
      await send(latestShell);
      return { said: `A shell opened in ${place.namespace}/${place.pod}.`, where: latestShell.where };
    },
    async redeliver() {
      // Without a demo there may be none yet: then its first delivery is one of the three.
      latestShell ??= shell(HELLO, LEDGER);
      await sendTimes(latestShell, 3);
      return {
        said: 'The latest shell was delivered three times more. Nothing counts twice.',
        where: latestShell.where,
      };
    },
    async storm() {
      storms += 1;
      const sent = stormPlaces(storms).map((place) =>
        message(`storm ${storms} ${place.pod}`, droppedIn(place, '/tmp/.x/kworker --threads 8')),
      );
      await Promise.all(sent.map(send));
      return {
        said: `${STORM_SIZE} workloads ran the same new binary at once. Nobody's phone rings ${STORM_SIZE} times.`,
        where: { project: PAYMENTS.project, cluster: PAYMENTS.name, storm: 'true' },
      };
    },
    async silenceNode() {
      const node = await speakers.silence();
      return {
        said: `${node} is about to say nothing more. In about two minutes somebody is told, while others still speak.`,
      };
    },
    async wakeNode() {
      return { said: `${await speakers.wake()} speaks again: its incident is resolved by itself.` };
    },
    silenced: speakers.silenced,
    stop() {
      for (const cancel of waits) cancel();
      waits.clear();
    },
  };
}
