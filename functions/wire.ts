/** Composition: from configuration to the five functions, each built when it is first asked. */

import { hash } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { createHeartbeat } from './adapters/heartbeat.ts';
import { createHttp } from './adapters/http.ts';
import type { Metadata } from './adapters/metadata.ts';
import { createAct } from './callback/act.ts';
import { createCallback } from './callback/handler.ts';
import { MOST_BYTES } from './callback/verify.ts';
import type { Config } from './config.ts';
import { type Admission, createAdmission } from './core/admission.ts';
import { type Answer, type Handler, ONLY_POST, type Request } from './core/http.ts';
import { defectOf, type WriteLog } from './core/log.ts';
import { createSilenceCache } from './core/mute/silence-cache.ts';
import type { Observe } from './core/observe.ts';
import { createPark } from './core/park.ts';
import type { After, Clock, Log, Receiver, Store, Topics } from './core/ports.ts';
import { createEscalate } from './escalate/handler.ts';
import { createMuting } from './escalate/mute.ts';
import { createStoreLanes } from './ingest/commit.ts';
import { createExplain } from './ingest/explain.ts';
import { createIngest } from './ingest/handler.ts';
import { createLastWord, NO_LAST_WORD } from './ingest/last-word.ts';
import { createRedactor } from './ingest/redact.ts';
import { createSuspicion } from './ingest/suspicion.ts';
import { createNotify } from './notify/handler.ts';
import { openEnricher, openLoki, openPresence, openReceiver, openSlackReply, openStore, openTopics } from './open.ts';
import { announceTo, digestTime, fallbackOf, isIdempotent, oncallOf, receiverNames, rootRoute } from './roles.ts';
import { listenerOf } from './serve.ts';
import { createSweep } from './sweep/handler.ts';
import { createListSilent } from './sweep/list-silent.ts';
import { createResolve } from './sweep/resolve.ts';

/** Cloud Run takes no more in one request: https://cloud.google.com/run/quotas */
const MOST_PUSHED_BYTES = 32 * 1024 * 1024;

export const FUNCTIONS = ['ingest', 'escalate', 'notify', 'sweep', 'callback'] as const;
export type FunctionName = (typeof FUNCTIONS)[number];

/** What `createRelay` takes from outside; the optional ones replace what configuration would choose. */
export interface RelayDeps {
  config: Config;
  clock: Clock;
  after: After;
  writeLog: WriteLog;
  observe?: Observe;
  store?: Store;
  log?: Log;
  topics?: Topics;
  /** Further receivers by name; the first one takes what no route names. */
  receivers?: readonly Receiver[];
  /** What enrichment asks. */
  metadata?: Metadata;
  /** False where nobody reads in Loki how incidents stand: sweep then asks the store for nothing on that account. */
  report?: boolean;
}

export interface Relay {
  handlers: Readonly<Record<FunctionName, Handler>>;
  /** What `ingest` holds in flight. */
  admission: Admission;
  /** The store in use, opened on first use. */
  store(): Promise<Store>;
  close(): Promise<void>;
}

/** Opens nothing: a cold start pays for what its first request needs, and for no more. */
export function createRelay(deps: RelayDeps): Relay {
  const { config, clock, after, writeLog } = deps;
  const observing = deps.observe ? { observe: deps.observe } : {};
  const closing: (() => Promise<void>)[] = [];
  const { MAX_EVENTS_IN_FLIGHT: events, MAX_BYTES_IN_FLIGHT: bytes } = config.env;
  const admission = createAdmission({ events, bytes });

  const store = once(async () => deps.store ?? closed(await openStore(deps)));
  const log = once(async () => deps.log ?? closed(await openLoki(deps, () => admission.events)));
  const topics = once(async () => deps.topics ?? closed(await openTopics(deps)));
  const common = once(async () => {
    const open = { store: await store(), topics: await topics() };
    return {
      ...open,
      ...observing,
      clock,
      after,
      writeLog,
      park: createPark({ ...open, log: writeLog, clock, ...observing }),
    };
  });
  const route = rootRoute(deps);
  const muting = once(async () =>
    createMuting({
      options: config.pipeline,
      route,
      silences: createSilenceCache(await store(), clock),
      clock,
    }),
  );
  const act = once(async () => createAct({ ...(await common()), oncall: oncallOf(deps) }));
  const http = createHttp({ after });
  closing.push(() => http.close());
  const receivers = new Map<string, Promise<Receiver | undefined>>();
  const handlers: Record<FunctionName, () => Promise<Handler>> = {
    ingest: async () => {
      const { pipeline } = config;
      const shared = await common();
      return createIngest({
        ...shared,
        admission,
        enricher: await openEnricher(deps, closing),
        redactor: createRedactor(redactionKey(config)),
        redact: pipeline.redact,
        judge: pipeline,
        muted: (await muting()).ofEvent,
        suspicion: createSuspicion(pipeline.clusters.length, clock),
        lastWord: pipeline.nodes.watch
          ? createLastWord({ ...shared, options: pipeline.nodes, listed: pipeline.clusters.length })
          : NO_LAST_WORD,
        explain: createExplain(shared),
        store: createStoreLanes(shared.store, after),
        log: await log(),
      });
    },
    escalate: async () => {
      if (route.receiver === undefined)
        writeLog({ severity: 'WARNING', message: 'no receiver is configured: nobody will be told' });
      return createEscalate({
        ...(await common()),
        route,
        muting: await muting(),
        idempotent: isIdempotent(deps),
        storm: config.pipeline.storm,
        mode: config.pipeline.mode,
      });
    },
    notify: async () =>
      createNotify({
        ...(await common()),
        links: config.pipeline.links,
        fallbackOf: fallbackOf(deps),
        receiver(name) {
          const known = receivers.get(name) ?? openReceiver(deps, http, name);
          receivers.set(name, known);
          known.catch(() => receivers.delete(name));
          return known;
        },
      }),
    sweep: async () => {
      const shared = { ...(await common()), log: await log() };
      return createSweep({
        ...shared,
        fallbackOf: fallbackOf(deps),
        mute: config.pipeline,
        announce: announceTo(deps),
        digest: digestTime(deps),
        links: config.pipeline.links,
        nodes: config.pipeline.nodes,
        presenceIn: await openPresence(deps, closing),
        resolveIncidentOf: createResolve({ ...shared, ...observing }),
        listSilent: createListSilent(shared.store),
        beat: config.heartbeat && createHeartbeat(config.heartbeat, http),
        report: deps.report === false ? undefined : { ...shared, receivers: receiverNames(deps) },
      });
    },
    callback: async () => {
      const { callbacks: options } = config;
      const reply = options?.slack && (await openSlackReply(options.slack, http));
      // Opened by what is verified alone: whoever may call without a signature must not cost a connection.
      return createCallback({ options, act: async (action) => (await act())(action), reply, clock, after, writeLog });
    },
  };

  function closed<T extends { close(): Promise<void> }>(opened: T): T {
    closing.push(() => opened.close());
    return opened;
  }

  return {
    handlers: Object.fromEntries(
      FUNCTIONS.map((name) => {
        const open = opening(handlers[name], writeLog);
        // Who is open to all answers for itself, and counts what it refuses.
        return [name, name === 'callback' ? open : onlyPosted(open)];
      }),
    ) as Relay['handlers'],
    admission,
    store,
    async close() {
      await Promise.allSettled(closing.map((close) => close()));
    },
  };
}

/** What a server calls: anybody may call callback, which reads little, and parses nothing before it is verified. */
export function listenersOf({ handlers, admission }: Relay): Readonly<Record<FunctionName, RequestListener>> {
  const pushes = { most: MOST_PUSHED_BYTES, json: true };
  const pushed = (handle: Handler): RequestListener => listenerOf(handle, pushes);
  return {
    ingest: listenerOf(handlers.ingest, { ...pushes, admission }),
    escalate: pushed(handlers.escalate),
    notify: pushed(handlers.notify),
    sweep: pushed(handlers.sweep),
    callback: listenerOf(handlers.callback, { most: MOST_BYTES, json: false }),
  };
}

function onlyPosted(handle: Handler): Handler {
  return (request) => (request.method === 'POST' ? handle(request) : Promise.resolve(ONLY_POST));
}

/** Builds the handler at the first request; a failure is that request's, and the next one tries again. */
function opening(open: () => Promise<Handler>, writeLog: WriteLog): Handler {
  const opened = once(open);
  let handler: Handler | undefined;

  async function first(request: Request): Promise<Answer> {
    handler = await opened();
    return handler(request);
  }

  function failed(error: unknown): Answer {
    // What is wrong with the configuration is said in full; of a request nothing stands in the log or in the answer.
    const message = handler ? `unexpected: ${defectOf(error)}` : `can't start: ${(error as Error).message}`;
    writeLog({ severity: 'CRITICAL', message, reason: 'internal' });
    return { status: 500, body: { reason: 'internal' } };
  }

  return (request) => (handler ?? first)(request).catch(failed);
}

/** Runs `make` once at a time and keeps what it gave; after a failure the next call tries again. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

/** Equal secrets stay recognisable across instances, so the key must be one that all of them have. */
function redactionKey({ env }: Config): string {
  return env.REDACTION_KEY ?? hash('sha256', `falco-relay redaction ${env.GOOGLE_CLOUD_PROJECT ?? ''}`, 'hex');
}
