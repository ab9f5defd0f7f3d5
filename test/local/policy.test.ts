/** The demo under its own pipeline.yaml: what its route, its silence and its exception come to. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { parsePipeline } from '../../functions/config.ts';
import { type MuteView, readMutes } from '../../functions/core/mute/mute-list.ts';
import { createDemo } from '../../functions/local/demo.ts';
import { SCRIPT } from '../../functions/local/script.ts';
import { fakeAfter } from '../support/time.ts';
import { START, world } from '../support/world.ts';

const file = (name: string): string => fileURLToPath(new URL(`../../functions/local/${name}`, import.meta.url));
const PIPELINE = readFileSync(file('pipeline.yaml'), 'utf8').replaceAll('./clusters.yaml', file('clusters.yaml'));

const w = world({ pipeline: PIPELINE });
let mutes: readonly MuteView[];

async function played(demo: (sender: ReturnType<typeof createDemo>) => unknown): Promise<void> {
  const time = fakeAfter(START);
  const bodies: string[] = [];
  const post = async (body: string): Promise<number> => {
    bodies.push(body);
    return 204;
  };
  const sender = createDemo({ post, ...time, seed: 'policy' });
  await demo(sender);
  time.pass(25_000);
  for (const body of bodies) await w.call('ingest', JSON.parse(body));
  while (w.on('escalations').length > 0) await w.deliver('escalations', 'escalate');
  while (w.on('notifications').length > 0) await w.deliver('notifications', 'notify');
}

const told = () => w.sent.map(({ receiver, type, lead }) => [receiver, type, lead.rule]);

beforeAll(async () => {
  await played((demo) => demo.start());
  const problems: string[] = [];
  const pipeline = parsePipeline(PIPELINE, problems);
  if (!pipeline || problems.length > 0) throw new Error(problems.join('\n'));
  mutes = await readMutes(w.memory, pipeline, START);
});

describe('the demo', () => {
  test('is a script whose every message came', () => {
    expect(w.counted()).toBeGreaterThan(SCRIPT.length / 2);
  });

  test('pages oncall of a shell where money moves', () => {
    expect(told()).toContainEqual(['oncall', 'page', 'Terminal shell in container']);
  });

  test('has a silence that keeps the red team quiet, and an exception that would mute', () => {
    expect(mutes.map(({ kind, n }) => [kind, n])).toEqual([
      ['silence', 2],
      ['shadow', 2],
    ]);
    expect(w.sent.some(({ lead }) => lead.where.pod?.startsWith('red-team'))).toBe(false);
    expect(told()).toContainEqual(['oncall', 'page', 'Fileless execution via memfd_create']);
  });

  test('tells leads after two minutes without an acknowledgement', async () => {
    w.sent.length = 0;
    w.time.pass(2 * 60_000);
    await w.call('sweep', {});
    while (w.on('notifications').length > 0) await w.deliver('notifications', 'notify');
    expect(told()).toContainEqual(['leads', 'page', 'Terminal shell in container']);
  });

  test('its storm pages ten times and once for all the others', async () => {
    w.sent.length = 0;
    w.time.pass(10 * 60_000);
    await played((demo) => demo.storm());
    const pages = w.sent.filter(({ type, receiver }) => type === 'page' && receiver === 'oncall');
    expect(pages).toHaveLength(11);
    expect(pages.find(({ storm }) => storm)?.group).toMatchObject({ project: 'acme-prod', cluster: 'payments-eu1' });
  });
});
