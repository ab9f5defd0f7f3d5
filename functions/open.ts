/** What the functions use, each opened when it is first needed and loaded only then. */

import { dirname } from 'node:path';
import type { Http } from './adapters/http.ts';
import { type Metadata, openMetadata } from './adapters/metadata.ts';
import { createReceiver } from './adapters/receivers/create.ts';
import type { SlackReplyOptions } from './adapters/receivers/slack-reply.ts';
import type { Config } from './config.ts';
import { checkedStore } from './core/checked-store.ts';
import type { WriteLog } from './core/log.ts';
import type { After, Clock, Receiver, Store } from './core/ports.ts';
import { createEnricher } from './ingest/enrich.ts';
import { createPresence } from './sweep/node-presence.ts';

export interface OpenDeps {
  config: Config;
  clock: Clock;
  after: After;
  writeLog: WriteLog;
  /** Given in the place of what configuration would choose. */
  receivers?: readonly Receiver[];
  metadata?: Metadata;
}

export async function openStore({ config, clock, after, writeLog }: OpenDeps): Promise<Store> {
  const url = config.env.STORE_URL;
  if (!url)
    throw new Error('STORE_URL is not set: firestore://PROJECT/DATABASE, redis://HOST or, for a trial, memory:');
  const { openStore: open } = await import('./adapters/store/open.ts');
  const warn = (message: string): void => writeLog({ severity: 'WARNING', message });
  // Not checked here: while the store is down, what escalates is published all the same.
  return checkedStore(await open(url, { clock, after, warn }));
}

export async function openLoki({ config, clock, after }: OpenDeps, inFlight: () => number) {
  const { LOKI_URL: url, LOKI_TENANT: tenant, LOKI_USERNAME: username, LOKI_PASSWORD: password } = config.env;
  if (!url) throw new Error('LOKI_URL is not set');
  const { createLoki } = await import('./adapters/loki/writer.ts');
  const credentials = { tenant, username, password, bearerToken: config.env.LOKI_BEARER_TOKEN };
  return createLoki({ url, ...given(credentials), clock, after, inFlight });
}

export async function openTopics({ config, after }: OpenDeps) {
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

export async function openEnricher(deps: OpenDeps, closing: (() => Promise<void>)[]) {
  const { config, clock, after } = deps;
  return createEnricher({ options: config.pipeline, ...(await openSources(deps, closing)), clock, after });
}

/** Undefined where no cluster opts in: nobody is asked then. */
export async function openPresence(deps: OpenDeps, closing: (() => Promise<void>)[]) {
  const { clusters, enrich } = deps.config.pipeline;
  if (!clusters.some((cluster) => cluster.kubernetes)) return undefined;
  const { gke, kubernetes } = await openSources(deps, closing);
  const signal = () => AbortSignal.timeout(enrich.request_timeout);
  return kubernetes && createPresence({ clusters, gke, kubernetes, clock: deps.clock, signal });
}

async function openSources({ config, after, metadata: instead }: OpenDeps, closing: (() => Promise<void>)[]) {
  if (instead) return instead;
  const { clusters, enrich } = config.pipeline;
  const { GKE_API_ENDPOINT: gkeApiEndpoint, PIPELINE: path } = config.env;
  const metadata = await openMetadata({
    clusters,
    timeoutMs: enrich.request_timeout,
    after,
    ...given({ gkeApiEndpoint, directory: path === undefined ? undefined : dirname(path) }),
  });
  closing.push(() => metadata.close());
  return metadata;
}

export async function openReceiver(deps: OpenDeps, http: Http, name: string): Promise<Receiver | undefined> {
  const given = deps.receivers?.find((each) => each.name === name);
  const options = deps.config.receivers.find((each) => each.name === name);
  return given ?? (options && createReceiver(options, { http, clock: deps.clock }));
}

export async function openSlackReply(options: SlackReplyOptions, http: Http) {
  const { createSlackReply } = await import('./adapters/receivers/slack-reply.ts');
  return createSlackReply(options, http);
}

/** Leaves out what is undefined, so that an absent setting stays absent. */
function given<T extends object>(settings: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}
