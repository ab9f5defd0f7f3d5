/** Composition: from configuration to the five functions, each built when it is first asked. */

import { hash } from 'node:crypto';
import { dirname } from 'node:path';
import { http as registerHttp } from '@google-cloud/functions-framework';
import { createHeartbeat } from './adapters/heartbeat.ts';
import { createHttp, type Http } from './adapters/http.ts';
import { openMetadata } from './adapters/metadata.ts';
import { createReceiver } from './adapters/receivers/create.ts';
import { createCallback } from './callback/handler.ts';
import type { Config } from './config.ts';
import { checkedStore } from './core/checked-store.ts';
import type { Answer, Handler, Request } from './core/http.ts';
import { startOutsideOfAnyRequest } from './core/lane.ts';
import { defectOf, type WriteLog } from './core/log.ts';
import type { Observe } from './core/observe.ts';
import { createPark } from './core/park.ts';
import type { After, Clock, Log, Receiver, Store, Topics } from './core/ports.ts';
import { createEscalate } from './escalate/handler.ts';
import { createAdmission } from './ingest/admission.ts';
import { createStoreLanes } from './ingest/commit.ts';
import { createEnricher } from './ingest/enrich.ts';
import { createIngest } from './ingest/handler.ts';
import { createRedactor } from './ingest/redact.ts';
import { createSuspicion } from './ingest/suspicion.ts';
import { createNotify } from './notify/handler.ts';
import { createSweep } from './sweep/handler.ts';

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
}

export interface Relay {
  handlers: Readonly<Record<FunctionName, Handler>>;
  /** The store in use, opened on first use. */
  store(): Promise<Store>;
  close(): Promise<void>;
}

/** Opens nothing: a cold start pays for what its first request needs, and for no more. */
export function createRelay(deps: RelayDeps): Relay {
  const { config, clock, after, writeLog } = deps;
  const observing = deps.observe ? { observe: deps.observe } : {};
  const closing: (() => Promise<void>)[] = [];

  const store = once(async () => deps.store ?? closed(await openStore(deps)));
  const log = once(async () => deps.log ?? closed(await openLoki(deps)));
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
  const http = createHttp({ after });
  closing.push(() => http.close());
  const receivers = new Map<string, Promise<Receiver | undefined>>();
  const handlers: Record<FunctionName, () => Promise<Handler>> = {
    ingest: async () => {
      const { pipeline, env } = config;
      const shared = await common();
      return createIngest({
        ...shared,
        admission: createAdmission({ events: env.MAX_EVENTS_IN_FLIGHT, bytes: env.MAX_BYTES_IN_FLIGHT }),
        enricher: await openEnricher(deps, closing),
        redactor: createRedactor(redactionKey(config)),
        redact: pipeline.redact,
        judge: pipeline,
        suspicion: createSuspicion(pipeline.clusters.length, clock),
        store: createStoreLanes(shared.store, after),
        log: await log(),
      });
    },
    escalate: async () => createEscalate({ ...(await common()), route: rootRoute(deps) }),
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
    sweep: async () =>
      createSweep({
        ...(await common()),
        log: await log(),
        fallbackOf: fallbackOf(deps),
        beat: config.heartbeat && createHeartbeat(config.heartbeat, http),
      }),
    callback: async () => createCallback(),
  };

  function closed<T extends { close(): Promise<void> }>(opened: T): T {
    closing.push(() => opened.close());
    return opened;
  }

  return {
    handlers: Object.fromEntries(
      FUNCTIONS.map((name) => [name, opening(handlers[name], writeLog)]),
    ) as Relay['handlers'],
    store,
    async close() {
      await Promise.allSettled(closing.map((close) => close()));
    },
  };
}

/**
 * Registers each handler with functions-framework under its name. It runs each request in a `domain`, which makes every
 * promise there dear and owns whatever the first request opens for all of them: so none of our work is done in one.
 */
export function register(relay: Relay): void {
  for (const name of FUNCTIONS) {
    registerHttp(name, (request, response) => {
      const { method, headers, body, rawBody } = request as Request & { rawBody?: Uint8Array };
      startOutsideOfAnyRequest(() => {
        void relay.handlers[name]({ method, headers, body, rawBody }).then((answer) => {
          response.status(answer.status);
          if (answer.body) response.json(answer.body);
          else response.end();
        });
      });
    });
  }
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

async function openStore({ config, clock, after, writeLog }: RelayDeps): Promise<Store> {
  const url = config.env.STORE_URL;
  if (!url)
    throw new Error('STORE_URL is not set: firestore://PROJECT/DATABASE, redis://HOST or, for a trial, memory:');
  const { openStore: open } = await import('./adapters/store/open.ts');
  const warn = (message: string): void => writeLog({ severity: 'WARNING', message });
  // Not checked here: while the store is down, what escalates is published all the same.
  return checkedStore(await open(url, { clock, after, warn }));
}

async function openLoki({ config, clock, after }: RelayDeps) {
  const { LOKI_URL: url, LOKI_TENANT: tenant, LOKI_USERNAME: username, LOKI_PASSWORD: password } = config.env;
  if (!url) throw new Error('LOKI_URL is not set');
  const { createLoki } = await import('./adapters/loki/writer.ts');
  const credentials = { tenant, username, password, bearerToken: config.env.LOKI_BEARER_TOKEN };
  return createLoki({ url, ...given(credentials), clock, after });
}

async function openTopics({ config, after }: RelayDeps) {
  const { env } = config;
  const projectId = env.GOOGLE_CLOUD_PROJECT;
  if (!projectId) throw new Error('GOOGLE_CLOUD_PROJECT is not set');
  const { createTopics } = await import('./adapters/pubsub.ts');
  return createTopics({
    projectId,
    topics: {
      escalations: env.TOPIC_ESCALATIONS,
      notifications: env.TOPIC_NOTIFICATIONS,
      retry: env.TOPIC_RETRY,
      'dead-letter': env.TOPIC_DEAD_LETTER,
    },
    after,
  });
}

async function openEnricher({ config, clock, after }: RelayDeps, closing: (() => Promise<void>)[]) {
  const { clusters, enrich } = config.pipeline;
  const { GKE_API_ENDPOINT: gkeApiEndpoint, PIPELINE: path } = config.env;
  const metadata = await openMetadata({
    clusters,
    timeoutMs: enrich.request_timeout,
    after,
    ...given({ gkeApiEndpoint, directory: path === undefined ? undefined : dirname(path) }),
  });
  closing.push(() => metadata.close());
  return createEnricher({ options: config.pipeline, ...metadata, clock, after });
}

async function openReceiver(deps: RelayDeps, http: Http, name: string): Promise<Receiver | undefined> {
  const given = deps.receivers?.find((each) => each.name === name);
  const options = deps.config.receivers.find((each) => each.name === name);
  return given ?? (options && createReceiver(options, { http, clock: deps.clock }));
}

/** A delivery to a receiver that configuration no longer has goes to whoever takes what no route names. */
function fallbackOf({ config, receivers }: RelayDeps): (name: string) => string | undefined {
  return (name) => {
    const known = config.receivers.find((each) => each.name === name);
    if (known || receivers?.some((each) => each.name === name)) return known?.fallback;
    return config.pipeline.route?.receiver ?? config.receivers[0]?.name ?? receivers?.[0]?.name;
  };
}

/** Without a route, everything goes to the first receiver there is. */
function rootRoute({ config, receivers, writeLog }: RelayDeps) {
  const { route } = config.pipeline;
  const [first] = receivers ?? [];
  if (route?.receiver !== undefined) return route;
  if (!first) writeLog({ severity: 'WARNING', message: 'no receiver is configured: nobody will be told' });
  return { match: [], continue: false, routes: [], ...route, ...(first ? { receiver: first.name } : {}) };
}

/** Equal secrets stay recognisable across instances, so the key must be one that all of them have. */
function redactionKey({ env }: Config): string {
  return env.REDACTION_KEY ?? hash('sha256', `falco-relay redaction ${env.GOOGLE_CLOUD_PROJECT ?? ''}`, 'hex');
}

/** Leaves out what is undefined, so that an absent setting stays absent. */
function given<T extends object>(settings: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}
