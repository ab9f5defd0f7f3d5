/** The smoke test's question to Loki: what it asks, how long, and that the canary's event is there to be found. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { askUntilThere, type Cluster, clustersOf, headersOf, query } from '../../infra/build/ask-loki.ts';
import { startLoopback } from '../adapters/loopback.ts';
import { eventText, pushOf, shellEvent } from '../support/events.ts';
import { world } from '../support/world.ts';
import { CLUSTERS, ROOT, SECRET } from './support.ts';

const JOB = 'falco-relay-smoke-build9f8e7d6c';
const ENVIRONMENT = { LOKI_URL: 'https://loki.acme.example/', LOKI_SECRET: SECRET, SMOKE_SECONDS: '60' };
const [prod, dev] = clustersOf(`${CLUSTERS.join('\n')}\n`) as [Cluster, Cluster];
const NOTHING = { data: { result: [] } };
const found = (uuid: string) => ({ data: { result: [{ stream: { uuid }, values: [['1', '{}']] }] } });

/** Asks with answers given by cluster, one a round; the last one stays. An Error is thrown. */
async function asked(answers: Readonly<Record<string, readonly (object | number | Error)[]>>) {
  let now = 1_795_424_405_000;
  let rounds = 0;
  const urls: URL[] = [];
  const said: string[] = [];
  const missing = await askUntilThere([prod, dev], JOB, ENVIRONMENT, {
    fetch: async (url) => {
      urls.push(new URL(url));
      const [, list = []] =
        Object.entries(answers).find(([name]) => decodeURIComponent(url).includes(`"${name}"`)) ?? [];
      const answer = list[Math.min(rounds, list.length - 1)];
      if (answer instanceof Error) throw answer;
      if (typeof answer === 'number') return new Response(`no: ${SECRET}`, { status: answer });
      return Response.json(answer);
    },
    now: () => now,
    sleep: async (ms) => {
      now += ms;
      rounds += 1;
    },
    say: (words) => said.push(words),
  });
  return { missing, said, urls, seconds: (now - 1_795_424_405_000) / 1_000 };
}

describe('it asks', () => {
  test('once where both canaries are there', async () => {
    const { missing, said, urls } = await asked({ 'payments-eu1': [found('u-1')], 'dev-us1': [found('u-2')] });
    expect(missing).toEqual([]);
    expect(said).toEqual([
      'The canary of acme-prod/payments-eu1 is in Loki: uuid u-1.',
      'The canary of acme-dev/dev-us1 is in Loki: uuid u-2.',
    ]);
    expect(urls.map(({ origin, pathname }) => origin + pathname)).toEqual(
      Array(2).fill('https://loki.acme.example/loki/api/v1/query_range'),
    );
    expect(urls[0]?.searchParams.get('query')).toBe(
      '{service_name="falco", project="acme-prod", cluster="payments-eu1"} | k8s_pod_name=~"falco-relay-smoke-build9f8e7d6c-.+"',
    );
    // An hour before, in nanoseconds.
    expect(urls[0]?.searchParams.get('start')).toBe('1795420805000000000');
  });

  test('again, and only for what is missing', async () => {
    const refused = Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } });
    const { missing, urls, seconds } = await asked({
      'payments-eu1': [found('u-1')],
      'dev-us1': [NOTHING, 503, refused, found('u-2')],
    });
    expect(missing).toEqual([]);
    expect(urls).toHaveLength(5);
    expect(seconds).toBe(15);
  });

  test.each<[string, object | number | Error, string]>([
    ['nothing arrives', NOTHING, 'Loki has no event of it'],
    ['Loki refuses', 401, 'Loki answered 401'],
    ['Loki says what is no answer', {}, 'Loki has no event of it'],
    ['it hangs', Object.assign(new Error(), { name: 'TimeoutError' }), 'Loki could not be asked (TimeoutError)'],
  ])('until the time is over when %s, and says why, without what Loki says', async (_, answer, why) => {
    const { missing, seconds } = await asked({ 'payments-eu1': [answer], 'dev-us1': [found('u-2')] });
    expect(missing).toEqual([`The canary of acme-prod/payments-eu1 did not arrive within 60 s: ${why}.`]);
    expect(seconds).toBe(60);
  });
});

test.each([
  [{ LOKI_SECRET: 'p\n', LOKI_USERNAME: 'relay', LOKI_TENANT: 'security' }, 'Basic cmVsYXk6cA==', 'security'],
  [{ LOKI_SECRET: 't', LOKI_USERNAME: '', LOKI_TENANT: '' }, 'Bearer t', undefined],
])('signs in as %j says', (environment, authorization, tenant) => {
  expect(headersOf(environment)).toEqual({ authorization, ...(tenant ? { 'x-scope-orgid': tenant } : {}) });
});

describe('as a program', () => {
  async function run(answer: object, seconds: string) {
    const loki = await startLoopback((_, response) => response.end(JSON.stringify(answer)));
    const child = spawn(process.execPath, [join(ROOT, 'infra/build/ask-loki.ts'), JOB], {
      env: { LOKI_URL: loki.url, LOKI_SECRET: SECRET, SMOKE_SECONDS: seconds },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (data: string) => {
        output += data;
      });
    }
    child.stdin.end(`${CLUSTERS.join('\n')}\n`);
    const [code] = await once(child, 'close');
    await loki.close();
    return { code, output, received: loki.received };
  }

  test('ends well when every canary is there', async () => {
    const { code, output, received } = await run(found('u-1'), '60');
    expect(code).toBe(0);
    expect(output).toContain('The canary of acme-dev/dev-us1 is in Loki: uuid u-1.');
    expect(received[0]?.headers.authorization).toBe(`Bearer ${SECRET}`);
    expect(output).not.toContain(SECRET);
  });

  test('fails when one is not, and names it', async () => {
    const { code, output } = await run(NOTHING, '0');
    expect(code).toBe(1);
    expect(output).toContain(
      'The canary of acme-prod/payments-eu1 did not arrive within 0 s: Loki has no event of it.',
    );
  });
});

test('the canary of a build is written to Loki at once, whatever the CronJob has tripped just before', async () => {
  const relay = world();
  const trip = async (uuid: string, pod: string) => {
    const fields = { 'k8s.ns.name': 'falco', 'k8s.pod.name': pod, 'proc.cmdline': 'true falco-relay-canary' };
    const event = shellEvent({ uuid, rule: 'Falco Relay canary', priority: 'Informational', fields });
    expect((await relay.call('ingest', pushOf(eventText(event)))).status).toBe(204);
  };
  await trip('cron-1', 'falco-relay-canary-29731620-x2x8k');
  await trip('cron-2', 'falco-relay-canary-29731625-b7q4z');
  await trip('build-1', `${JOB}-x2x8k`);
  await trip('build-2', 'falco-relay-smoke-build1a2b3c4d-x2x8k');

  expect(relay.stored.map(({ metadata }) => metadata.uuid)).toEqual(['cron-1', 'build-1', 'build-2']);
  const [, entry] = relay.stored;
  const pattern = /=~"(.*)"$/.exec(query(prod, JOB))?.[1] ?? '';
  expect(entry?.labels).toMatchObject({ project: prod.project, cluster: prod.name });
  expect(entry?.metadata.k8s_pod_name).toMatch(new RegExp(`^(?:${pattern})$`));
});
