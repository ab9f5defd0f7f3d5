/**
 * `ask-loki.ts JOB < clusters.tsv`: asks Loki until the event that this job's pod tripped is there, from every cluster, or
 * SMOKE_SECONDS have passed. It runs in an image that has Node and nothing of ours.
 */

import { readFileSync } from 'node:fs';

export interface Cluster {
  project: string;
  name: string;
}

/** What is around it: an HTTP client, a clock, patience. */
export interface Around {
  fetch: (url: string, init: { headers: Record<string, string>; signal: AbortSignal }) => Promise<Response>;
  now: () => number;
  sleep: (ms: number) => Promise<unknown>;
  say: (words: string) => void;
}

type Environment = Readonly<Record<string, string | undefined>>;

const EVERY_MS = 5_000;
const ANSWER_WITHIN_MS = 10_000;
/** The event's time is the node's, whose clock may be another. */
const EARLIER_MS = 3_600_000;

/** The pod's name is the mark: it begins with the job's, which no other build has. */
export function query({ project, name }: Cluster, job: string): string {
  const selector = `{service_name="falco", project=${JSON.stringify(project)}, cluster=${JSON.stringify(name)}}`;
  return `${selector} | k8s_pod_name=~"${job}-.+"`;
}

/** LOKI_SECRET is the password of LOKI_USERNAME, or else a token. */
export function headersOf({ LOKI_USERNAME, LOKI_SECRET = '', LOKI_TENANT }: Environment): Record<string, string> {
  const secret = LOKI_SECRET.trim();
  const basic = Buffer.from(`${LOKI_USERNAME}:${secret}`).toString('base64');
  return {
    authorization: LOKI_USERNAME ? `Basic ${basic}` : `Bearer ${secret}`,
    ...(LOKI_TENANT ? { 'x-scope-orgid': LOKI_TENANT } : {}),
  };
}

/** Tells of each canary that arrived. @returns those of whom nothing was seen, with why, as far as Loki said */
export async function askUntilThere(
  clusters: readonly Cluster[],
  job: string,
  environment: Environment,
  { fetch, now, sleep, say }: Around,
): Promise<string[]> {
  const started = now();
  const seconds = Number(environment.SMOKE_SECONDS);
  const headers = headersOf(environment);
  const missing = new Map(clusters.map((cluster) => [cluster, 'Loki has no event of it']));
  for (;;) {
    for (const cluster of missing.keys()) {
      const parameters = new URLSearchParams({
        query: query(cluster, job),
        start: `${started - EARLIER_MS}000000`,
        limit: '1',
      });
      const url = `${environment.LOKI_URL?.replace(/\/$/, '')}/loki/api/v1/query_range?${parameters}`;
      const answer = await ask(() => fetch(url, { headers, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) }));
      if (answer.uuid === undefined) {
        missing.set(cluster, answer.problem);
        continue;
      }
      missing.delete(cluster);
      say(`The canary of ${cluster.project}/${cluster.name} is in Loki: uuid ${answer.uuid}.`);
    }
    if (missing.size === 0 || now() - started >= seconds * 1_000) break;
    await sleep(EVERY_MS);
  }
  return [...missing].map(
    ([{ project, name }, why]) => `The canary of ${project}/${name} did not arrive within ${seconds} s: ${why}.`,
  );
}

type Answer = { uuid: string } | { uuid: undefined; problem: string };

/** Loki's words are not repeated: they may have the question in them, and a proxy's may have anything. */
async function ask(send: () => Promise<Response>): Promise<Answer> {
  try {
    const response = await send();
    if (!response.ok) return { uuid: undefined, problem: `Loki answered ${response.status}` };
    const { data } = (await response.json()) as { data?: { result?: { stream?: Record<string, string> }[] } };
    const [found] = data?.result ?? [];
    if (!found) return { uuid: undefined, problem: 'Loki has no event of it' };
    return { uuid: found.stream?.uuid ?? 'unknown' };
  } catch (error) {
    const { name, cause } = error as Error & { cause?: { code?: string } };
    return { uuid: undefined, problem: `Loki could not be asked (${cause?.code ?? name})` };
  }
}

/** Of clusters.tsv. */
export function clustersOf(text: string): Cluster[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [project = '', , name = ''] = line.split('\t');
      return { project, name };
    });
}

if (import.meta.main) {
  const missing = await askUntilThere(clustersOf(readFileSync(0, 'utf8')), process.argv[2] ?? '', process.env, {
    fetch,
    now: Date.now,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    say: console.log,
  });
  for (const words of missing) console.error(words);
  if (missing.length > 0) process.exitCode = 1;
}
