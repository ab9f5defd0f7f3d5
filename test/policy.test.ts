/** The shipped policy, functions/pipeline.yaml: every rule has its place, and each line of it does what it says. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { printMatcher } from '../functions/core/match/matcher.ts';
import { factsOfView, viewOf } from '../functions/core/page/alert-view.ts';
import { type Route, routeAlert } from '../functions/escalate/route.ts';
import { createEnricher } from '../functions/ingest/enrich.ts';
import { readEvent } from '../functions/ingest/event.ts';
import { judge } from '../functions/ingest/judge.ts';
import { notRun } from './not-run.ts';
import { PAGES } from './policy/pages.ts';
import { type Case, DEVELOPMENT, like, PRODUCTION, UNSAID, type Where } from './policy/places.ts';
import { CHATS, LOGS, OTHERS } from './policy/quieter.ts';
import {
  conditionsOf,
  entriesFor,
  type Place,
  placeOf,
  rulesNamed,
  shippedPolicy,
  UPSTREAM,
} from './support/policy.ts';

const policy = shippedPolicy();
const names = UPSTREAM.flatMap(({ rules }) => rules);

/** A cluster of each kind: the two that the policy shows, and one without an environment. */
const { gke_project: project = '', gke_location: location = '', gke_cluster: name = '' } = UNSAID.attributes;
const enricher = createEnricher({
  options: { ...policy, clusters: [...policy.clusters, { project, location, name }] },
  clock: () => 0,
  after: () => () => {},
});

/** What the relay does with an event, from its text to its receivers. */
async function decided(text: string, { attributes, namespace }: Where) {
  const changed = namespace === undefined ? text : inNamespace(text, namespace);
  const read = readEvent(changed);
  if (!read.ok) throw new Error(read.detail);
  const { event } = read;
  const context = await enricher.enrich(event, attributes);
  const { priority, severityReason, escalates } = judge(event, context, policy);
  const view = viewOf({ uuid: event.uuid, fingerprint: '', event, context, priority });
  const told = escalates ? routeAlert(policy.route as Route, factsOfView(view)) : [];
  const receivers = told.map(({ receiver }) => receiver).join(' and ');
  const place = ({ '': 'log only', chat: 'chat', 'pager and chat': 'page' } as const)[receivers];
  return { place, priority, reason: severityReason.replace(/ \(unknown here.*/, ''), receivers };
}

function inNamespace(text: string, namespace: string | null): string {
  const event = JSON.parse(text) as { output_fields: object };
  const where = { 'k8s.ns.name': namespace, ...(namespace === null && { 'k8s.pod.name': null }) };
  return JSON.stringify({ ...event, output_fields: { ...event.output_fields, ...where } });
}

describe('what the policy says of', () => {
  const tables: [string, readonly Case[]][] = [
    ['pages', PAGES],
    ['chat', CHATS],
    ['the log', LOGS],
    ['rules that it does not name', OTHERS],
  ];
  describe.each(tables)('%s', (_, cases) => {
    test.each(cases)('%s: %s', async (_name, place, event, where) => {
      expect(await decided(event, where)).toMatchObject({ place });
    });
  });
});

describe('in a namespace that Google runs', () => {
  // A node is in no namespace, and nor is the whole cluster.
  const cases = PAGES.filter(
    ([, place, event]) => place === 'page' && !/"rule": ?"[^"]*(?:on Host|cluster-admin)/.test(event),
  );
  test.each(cases)('nobody is paged for %s', async (_name, _place, event, where) => {
    const { output_fields: fields, ...others } = JSON.parse(event) as { output_fields: object };
    const audited = JSON.stringify({
      ...others,
      output_fields: { ...fields, 'ka.target.namespace': 'gke-managed-system' },
    });
    const { place } = await decided(audited, { ...where, namespace: 'gke-managed-system' });
    expect(place).not.toBe('page');
  });
});

test('what Falco says of itself is no alarm in any view of it', async () => {
  for (const name of ['internal-drop', 'internal-drop-old', 'internal-snapshot'])
    expect(await decided(like(name), PRODUCTION)).toMatchObject({ priority: 'Informational' });
});

describe('every rule', () => {
  const upstream = process.env.FALCO_RULES;
  if (!upstream) notRun("the list of rules against Falco's own", 'FALCO_RULES names no checkouts');
  const title = upstream
    ? 'of the checkouts in FALCO_RULES is in the list, and no other'
    : 'is in the list of this project, which nothing upstream is compared with: FALCO_RULES names no checkouts';
  test(title, () => {
    expect(UPSTREAM.map(({ maturity, rules }) => `${rules.length} ${maturity}`)).toEqual([
      '25 stable',
      '31 incubating',
      '37 sandbox',
      '48 k8s_audit',
    ]);
    expect(new Set(names).size).toBe(names.length);
    for (const { repository, file, rules } of upstream ? UPSTREAM : []) {
      const path = join(upstream ?? '', repository.split('/')[1] ?? '', file);
      const there = [...readFileSync(path, 'utf8').matchAll(/^- rule: (.+?)\s*$/gm)].map(([, rule]) => rule);
      expect(there).toEqual(rules);
    }
  });

  test.each(names)('has exactly one place, whatever special cases come before it: %s', (rule) => {
    const entries = entriesFor(policy, rule);
    const always = entries.filter((entry) => conditionsOf(entry).length === 0);
    expect(always).toHaveLength(1);
    expect(entries.at(-1)).toBe(always[0]);
  });

  test('keeps its place whatever priority Falco gives it', async () => {
    for (const rule of names) {
      const places = new Set<Place | undefined>();
      for (const priority of ['Emergency', 'Debug']) {
        const event = JSON.parse(like('exec-setns', {}, rule)) as object;
        places.add((await decided(JSON.stringify({ ...event, priority }), PRODUCTION)).place);
      }
      expect([rule, places.size]).toEqual([rule, 1]);
    }
  });
});

describe('every entry', () => {
  const { severity } = policy;

  test('names rules that exist', () => {
    const known = new Set([...names, 'Falco internal: .*']);
    expect(severity.flatMap(rulesNamed).filter((rule) => !known.has(rule))).toEqual([]);
    expect(severity.filter((entry) => rulesNamed(entry).length === 0)).toEqual([]);
  });

  test('has a reason of its own', () => {
    const reasons = severity.map(({ reason }) => reason ?? '');
    expect(reasons.filter((reason) => reason.length < 10)).toEqual([]);
    expect(new Set(reasons).size).toBe(reasons.length);
  });

  test('asks for something that no earlier entry on the same rule leaves over', () => {
    const asked = new Map<string, string[][]>();
    for (const entry of severity)
      for (const rule of rulesNamed(entry)) {
        const conditions = conditionsOf(entry).map(printMatcher);
        const earlier = asked.get(rule) ?? [];
        const hides = earlier.find((before) => before.every((condition) => conditions.includes(condition)));
        expect([rule, conditions, hides]).toEqual([rule, conditions, undefined]);
        asked.set(rule, [...earlier, conditions]);
      }
  });

  test('decides something', async () => {
    const reached = new Set<string>();
    for (const [, , event, where] of [...PAGES, ...CHATS, ...LOGS]) reached.add((await decided(event, where)).reason);
    const places: Where[] = [PRODUCTION, DEVELOPMENT, { ...PRODUCTION, namespace: 'kube-system' }];
    for (const rule of names)
      for (const where of places) {
        reached.add((await decided(like('exec-setns', {}, rule), where)).reason);
        reached.add((await decided(like('exec-setns', { 'container.id': 'host' }, rule), where)).reason);
        reached.add((await decided(like('audit-secret-get', {}, rule), where)).reason);
      }
    expect(severity.map(({ reason }) => reason ?? '').filter((reason) => !reached.has(reason))).toEqual([]);
  });

  test('has one of three places', () => {
    for (const { priority } of severity) expect(['page', 'chat', 'log only']).toContain(placeOf(priority));
    expect(severity.map(({ priority }) => priority)).not.toContain('Emergency');
  });
});

test('the first week has its line', () => {
  expect(readFileSync(new URL('../functions/pipeline.yaml', import.meta.url), 'utf8')).toMatch(/^# mode: observe\s/m);
});

test('whoever can not be told is stood in for, by the other', () => {
  const standIns = policy.receivers.map(({ name, fallback }) => [name, fallback]);
  expect(Object.fromEntries(standIns)).toEqual({ pager: 'chat', chat: 'pager' });
});
