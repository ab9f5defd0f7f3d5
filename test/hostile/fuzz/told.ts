/** Targets behind the handlers: an event goes all the way to Loki's entry and to what each receiver is sent. */

import { existsSync, readFileSync } from 'node:fs';
import { fixtureNames, fixtureText } from '../../fixtures/load.ts';
import { CLUSTER_ATTRIBUTES, pushOf } from '../../support/events.ts';
import { PIPELINE, world } from '../../support/world.ts';
import { alertmanager, entryProblems, googleChat, type Oracle, pagerduty, slack, webhook } from '../oracles.ts';
import type { Target } from './loop.ts';

/** Everything pages, and every link is drawn. */
const ALL = `${PIPELINE}
escalate: { match: [] }
links: { grafana: 'https://grafana.acme.example', loki_datasource: loki, runbooks: 'https://runbooks.acme.example/falco/' }
`;

/** Those of a real Falcosidekick, where they are at hand: every twentieth, since many are alike. */
const REAL = new URL('../../../../shared/data/falcosidekick-messages.ndjson', import.meta.url);
const real = (existsSync(REAL) ? readFileSync(REAL, 'utf8').trim().split('\n') : [])
  .filter((_, index) => index % 20 === 0)
  .map((line) => Buffer.from((JSON.parse(line) as { data: string }).data, 'base64').toString());

export const seeds = (): string[] => [...fixtureNames().map(fixtureText), ...real];

function fail(problems: readonly string[]): void {
  if (problems.length > 0) throw new Error(problems.slice(0, 3).join('; '));
}

async function through(input: string): Promise<ReturnType<typeof world>> {
  const w = world({ pipeline: ALL });
  const { status } = await w.call('ingest', pushOf(input, CLUSTER_ATTRIBUTES));
  const defects = w.lines.filter(({ reason }) => reason === 'internal');
  fail(defects.map(({ message }) => `a step threw: ${message}`));
  if (status !== 204) throw new Error(`ingest answered ${status}`);
  if (w.stored.length + w.on('dead-letter').length !== 1) throw new Error('neither stored nor parked');
  if (Object.hasOwn(Object.prototype, 'polluted')) throw new Error('the prototype of all objects was changed');
  return w;
}

function toldTo(name: string, oracle: Oracle): Target {
  return {
    name,
    seeds: () => seeds().filter((_, index) => index % 4 === name.length % 4),
    stepsPerCharacter: 400,
    async run(input) {
      const w = await through(input);
      const statuses = [
        ...(await w.deliver('escalations', 'escalate')),
        ...(await w.deliver('notifications', 'notify')),
      ];
      fail(statuses.filter((status) => status !== 204).map((status) => `answered ${status}`));
      for (const notification of w.sent) fail(oracle(notification));
    },
  };
}

export const TOLD: readonly Target[] = [
  toldTo('slack', slack),
  toldTo('pagerduty', pagerduty),
  toldTo('google-chat', googleChat),
  toldTo('webhook', webhook),
  toldTo('alertmanager', alertmanager),
  {
    name: 'loki-entry',
    seeds,
    stepsPerCharacter: 400,
    async run(input) {
      for (const entry of (await through(input)).stored) fail(entryProblems(entry));
    },
  },
];
