/** Which regular expressions there are; `npm run fuzz` measures each. */

import { expect, test } from '@jest/globals';
import { attacksOn, textOf } from './patterns.ts';
import { BOUNDED, ourPatterns } from './slow-patterns.ts';

const { patterns, builders } = await ourPatterns();

test('a pattern is built from text where it is measured, or where the text is nobody else’s', () => {
  expect(builders).toEqual([
    'functions/core/event/workload.ts',
    'functions/core/match/regex-syntax.ts',
    'functions/ingest/redact-names.ts',
    'functions/ingest/redact-programs.ts',
    'functions/ingest/redact-shapes.ts',
    'functions/local/logql.ts',
  ]);
  expect(patterns.filter(({ file }) => file === 'built').length).toBeGreaterThan(5);
  expect(patterns.length).toBeGreaterThan(180);
});

test('what is said to be bounded is there', () => {
  const sources = patterns.map(({ source }) => source);
  expect(Object.keys(BOUNDED).filter((source) => !sources.includes(source))).toEqual([]);
});

test('texts against a pattern are made of its own pieces', () => {
  const texts = attacksOn({ source: '^(?:x|[0-9]{3})-gke-.+$', flags: '' }).map((attack) => textOf(attack, 12));
  expect(texts).toEqual(expect.arrayContaining(['xxxxxxxxxxxx\0', '-gke--gke--gke-\0', '111111111111\0']));
});
