/** Composes `npm start`: what each part is given, in the order in which it starts and stops. */

import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Config } from '../config.ts';
import type { Handler } from '../core/http.ts';
import type { MuteView } from '../core/mute/mute-list.ts';
import type { After, Clock } from '../core/ports.ts';
import { createRelay, listenersOf, type Relay } from '../wire.ts';
import { createActions } from './actions.ts';
import { type Board, createBoard } from './board.ts';
import { createDemo } from './demo.ts';
import { createFeed } from './feed.ts';
import { greetingOf } from './greeting.ts';
import { createLocalLoki, type LocalLoki } from './loki.ts';
import { createMuteList } from './mute-list.ts';
import { createOutbox, type Notice, outboxesOf } from './outbox.ts';
import { createPoster } from './poster.ts';
import { canPress, createPresses, localCallbacks } from './presses.ts';
import { rememberedOf, renderingsOf } from './renderings.ts';
import { createLocalServer } from './server.ts';
import { createTerminalLog } from './terminal-log.ts';
import { createLocalTopics } from './topics.ts';

/** Cloud Scheduler calls once a minute; a person who watches is less patient. */
const SWEEP_MS = 5_000;

export interface LocalOptions {
  config: Config;
  port: number;
  host: string;
  /** Our own address as we call it. */
  base: string;
  /** Answer only to this machine's own names. */
  ownNamesOnly: boolean;
  /** Loki is ours, in this process, and may be broken from the page. */
  ownLoki: boolean;
  /** pipeline.yaml is ours: what its receivers would be sent is shown, and not sent. */
  ownPipeline: boolean;
  demo: boolean;
  seed: string;
  /** By which our own callback knows what is pressed on the page. */
  secret: string;
  /** Prints one line for the person at the terminal. */
  say(line: string): void;
  clock: Clock;
  after: After;
}

export interface Local {
  greeting: string;
  /** Finishes what is under way; gives false if `ms` were not enough. */
  stop(ms: number): Promise<boolean>;
}

/** Listens when it resolves. Rejects with the system's error when it can't. */
export async function startLocal(options: LocalOptions): Promise<Local> {
  const { clock, after, base, seed, secret } = options;
  const outboxes = outboxesOf(options);
  const pressable = canPress({ ...options, outboxes });
  const config = pressable ? { ...options.config, callbacks: localCallbacks({ base, secret }) } : options.config;
  const post = createPoster(base);
  const board = createBoard();
  const topics = createLocalTopics({ post, clock, after });
  const loki = createLocalLoki({ clock });
  const presses = createPresses({ base, secret, seed, clock });
  let untold: Notice[] = [];
  let mutesTold: readonly MuteView[] | undefined;
  const outbox = createOutbox({
    names: outboxes,
    clock,
    render: renderingsOf,
    remember: rememberedOf,
    onNotice(notice) {
      untold.push(notice);
      feed.touch();
    },
  });
  const demo = createDemo({ post: (body) => post('/ingest', body), clock, after, seed });

  const status = () => ({
    loki: {
      state: loki.broken ? 'broken' : 'up',
      breakable: options.ownLoki,
      ...(options.ownLoki ? { events: board.view().counts.stored } : { address: config.env.LOKI_URL }),
    },
    retrying: topics.waiting('retry'),
    deadLetters: topics.deadLettered,
    silenced: demo.silenced(),
    pressable,
    // Its clock is what the next tier is counted by, whatever the browser's says.
    now: clock(),
  });
  const feed = createFeed({
    everything: () => ({ ...board.view(), notices: outbox.notices(), mutes: mutes.view(), status: status() }),
    changes() {
      const notices = untold;
      untold = [];
      const muted = mutes.view();
      const changed = muted === mutesTold ? {} : { mutes: muted };
      mutesTold = muted;
      return { ...board.take(), notices, ...changed, status: status() };
    },
    after,
  });
  const mutes = createMuteList({
    store: () => relay.store(),
    options: config.pipeline,
    clock,
    after,
    onChange: feed.touch,
  });
  const touch = (): void => {
    feed.touch();
    mutes.touch();
  };
  board.onChange(touch);
  loki.onEntry(({ metadata }) => {
    if (metadata.kind === 'event' && metadata.uuid) board.stored(metadata.uuid);
  });

  const relay = createRelay({
    config,
    clock,
    after,
    writeLog: createTerminalLog(options.say, clock),
    observe: board.observe,
    topics,
    receivers: outbox.receivers,
  });

  const server = await createLocalServer({
    functions: {
      ...listenersOf(watched(relay, board)),
      ...(options.ownLoki ? { loki: (...exchange) => void answerAsLoki(loki, ...exchange) } : {}),
      replies: (...exchange) => void presses.takeReply(...exchange),
    },
    feed,
    actions: createActions({ demo, loki, topics, presses, touch }),
    ownNamesOnly: options.ownNamesOnly,
  });
  server.listen(options.port, options.host);
  await once(server, 'listening');

  let cancelSweep = after(SWEEP_MS, sweep);
  function sweep(): void {
    cancelSweep = after(SWEEP_MS, sweep);
    void post('/sweep', '{}').catch(() => {});
    mutes.touch();
  }
  if (options.demo) demo.start();

  return {
    greeting: greetingOf({ ...options, outboxes }),
    async stop(ms) {
      cancelSweep();
      mutes.stop();
      demo.stop();
      const started = clock();
      await topics.close(ms / 2);
      feed.close();
      const clean = await closed(server, after, ms - (clock() - started));
      await relay.close();
      return clean;
    },
  };
}

async function answerAsLoki(loki: LocalLoki, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (await loki.handle(request, response)) return;
  response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' });
  response.end('The local log answers push and query_range only.\n');
}

/** Tells the board of each message that ingest answered, so that none is acknowledged without a trace. */
function watched(relay: Relay, board: Board): Relay {
  const { ingest } = relay.handlers;
  const handler: Handler = async (request) => {
    const answer = await ingest(request);
    const { message } = (request.body ?? {}) as { message?: { messageId?: unknown } };
    if (typeof message?.messageId === 'string') board.answered(message.messageId, answer.status);
    return answer;
  };
  return { ...relay, handlers: { ...relay.handlers, ingest: handler } };
}

/** Resolves with false if requests are still under way after `ms`; they are cut then. */
function closed(server: Server, after: After, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = after(ms, () => {
      server.closeAllConnections();
      resolve(false);
    });
    server.close(() => {
      cancel();
      resolve(true);
    });
    server.closeIdleConnections();
  });
}
