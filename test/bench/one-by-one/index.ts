/**
 * What group commit is measured against: the same steps and adapters, but one claim, one push and one settlement a
 * request, each a round trip of its own.
 */

import { dirname } from 'node:path';
import { http } from '@google-cloud/functions-framework';
import { createLokiClient } from '../../../functions/adapters/loki/client.ts';
import { createLookup } from '../../../functions/adapters/loki/lookup.ts';
import { encodeEntry } from '../../../functions/adapters/loki/protobuf.ts';
import { createPush } from '../../../functions/adapters/loki/push.ts';
import { openMetadata } from '../../../functions/adapters/metadata.ts';
import { createTopics } from '../../../functions/adapters/pubsub.ts';
import { openStore } from '../../../functions/adapters/store/open.ts';
import { loadConfig } from '../../../functions/config.ts';
import { createAdmission } from '../../../functions/core/admission.ts';
import type { Outcome } from '../../../functions/core/outcome.ts';
import { createPark } from '../../../functions/core/park.ts';
import type { After, Log, Topic } from '../../../functions/core/ports.ts';
import { createEnricher } from '../../../functions/ingest/enrich.ts';
import { createIngest } from '../../../functions/ingest/handler.ts';
import { NO_LAST_WORD } from '../../../functions/ingest/last-word.ts';
import { createRedactor } from '../../../functions/ingest/redact.ts';
import { createSuspicion } from '../../../functions/ingest/suspicion.ts';
import { createLog } from '../../../functions/log.ts';

const { env, pipeline } = loadConfig(process.env);
const clock = Date.now;
const after: After = (ms, run) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};
const writeLog = createLog((line) => void process.stdout.write(`${line}\n`));
const store = await openStore(env.STORE_URL ?? '', { clock, after });
await store.check();
const topicNames: Record<Topic, string> = {
  escalations: env.TOPIC_ESCALATIONS,
  notifications: env.TOPIC_NOTIFICATIONS,
  retry: env.TOPIC_RETRY,
  'dead-letter': env.TOPIC_DEAD_LETTER,
};
const topics = createTopics({ projectId: env.GOOGLE_CLOUD_PROJECT ?? '', topics: topicNames, after });
const metadata = await openMetadata({
  clusters: pipeline.clusters,
  timeoutMs: 5_000,
  after,
  directory: dirname(env.PIPELINE ?? ''),
});

const ingest = createIngest({
  admission: createAdmission({ events: env.MAX_EVENTS_IN_FLIGHT, bytes: env.MAX_BYTES_IN_FLIGHT }),
  enricher: createEnricher({ options: pipeline, ...metadata, clock, after }),
  redactor: createRedactor('bench'),
  redact: pipeline.redact,
  judge: pipeline,
  muted: async () => ({ shadows: [] }),
  suspicion: createSuspicion(pipeline.clusters.length, clock),
  lastWord: NO_LAST_WORD,
  explain: () => undefined,
  store: {
    claim: async (claim) => onlyValue(await store.claim([claim])),
    settle: async (settlement) => onlyValue(await store.settle([settlement])),
  },
  log: openLog(env.LOKI_URL ?? ''),
  topics,
  park: createPark({ topics, log: writeLog, clock }),
  clock,
  writeLog,
});

function onlyValue<T>([outcome]: readonly Outcome<T>[]): T {
  if (!outcome?.ok) throw outcome?.error ?? new Error('no outcome');
  return outcome.value;
}

function openLog(url: string): Log {
  const client = createLokiClient({ url, after });
  const lookup = createLookup({ client, after, timeoutMs: 5_000 });
  const push = createPush({ client, lookup, clock, pushTimeoutMs: 5_000, onPush() {} });
  return {
    async push(entry) {
      const [outcome] = await push([{ ...entry, bytes: encodeEntry(entry) }], new AbortController().signal);
      return outcome ?? { kind: 'unavailable', reason: 'loki-unavailable', detail: 'no outcome' };
    },
    has: (entry) => lookup.has(entry),
  };
}

http('oneByOne', async ({ method, headers, body, rawBody }, response) => {
  const answer = await ingest({ method, headers, body, rawBody });
  response.status(answer.status).end();
});
