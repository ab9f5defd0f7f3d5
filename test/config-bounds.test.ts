/** Bounds of what pipeline.yaml may say: each is refused with its place. */

import { expect, test } from '@jest/globals';
import { parsePipeline } from '../functions/config.ts';

test.each([
  [
    'a window that outlives the records of its events',
    'dedupe: { window: 30d }',
    /pipeline.dedupe.window: longer than 24h/,
  ],
  ['a window past all numbers', 'dedupe: { window: 999999999d }', /pipeline.dedupe.window: longer than 24h/],
  [
    'the same in one of its rules',
    'dedupe: { rules: [{ match: [\'rule="a"\'], window: 24h1ms }] }',
    /pipeline.dedupe.rules.0.window: longer than 24h/,
  ],
  [
    'a tier that comes when its incident is quiet',
    "receivers: [{ name: a, webhook: { url: 'https://a.example/' } }]\nroute: { receiver: a, escalate_after: [{ after: 13h, receiver: a }] }",
    /pipeline.route.escalate_after.0.after: longer than 12h/,
  ],
  [
    'a silence that nobody is told of',
    'nodes: { all_silent_after: 2d }',
    /pipeline.nodes.all_silent_after: longer than 24h/,
  ],
  ['a node that is expected for ever', 'nodes: { forget_after: 31d }', /pipeline.nodes.forget_after: longer than 30d/],
  ['a timer that no clock has', 'enrich: { request_timeout: 25d }', /pipeline.enrich.request_timeout: longer than 1m/],
  ['a storm without an end', 'storm: { within: 61m }', /pipeline.storm.within: longer than 1h/],
  ['a canary that speaks as the relay', "nodes: { canary_rule: 'Falco Relay: canary' }", /pipeline.nodes.canary_rule/],
])('%s is refused', (_name, text, problem) => {
  const problems: string[] = [];
  parsePipeline(text, problems);
  expect(problems.join('\n')).toMatch(problem);
});
