import { describe, expect, test } from '@jest/globals';
import {
  escapeRegExp,
  isLabelName,
  metadataName,
  quote,
  streamLabels,
} from '../../../functions/adapters/loki/names.ts';

describe('streamLabels', () => {
  test('in the order of their names, whatever order they came in', () => {
    expect(streamLabels({ project: 'p', cluster: 'c' })).toBe('{cluster="c", project="p"}');
    expect(streamLabels({ cluster: 'c', project: 'p' })).toBe('{cluster="c", project="p"}');
  });

  test('without those that have no value', () => {
    expect(streamLabels({ cluster: '', project: 'p' })).toBe('{project="p"}');
  });

  test('a value cannot end its quotes', () => {
    expect(streamLabels({ cluster: '", evil="1' })).toBe(String.raw`{cluster="\", evil=\"1"}`);
  });
});

test.each([
  ['quotes and backslashes', '"\\', String.raw`"\"\\"`],
  ['control characters', '\0\n\t\u001f', String.raw`"\u0000\n\t\u001f"`],
  ['half a character, which Go would not read', '\ud800', '"\ufffd"'],
  ['what needs no escape', 'é🦅`$', '"é🦅`$"'],
])('quote: %s', (_name, value, expected) => {
  expect(quote(value)).toBe(expected);
});

test('escapeRegExp leaves nothing with a meaning', () => {
  const text = String.raw`a.b|c*d+e?f(g)h[i]j{k}l^m$n\o-p`;
  expect(new RegExp(`^(?:${escapeRegExp(text)})$`).test(text)).toBe(true);
  expect(escapeRegExp('.|*')).toBe(String.raw`\.\|\*`);
});

test.each([
  ['uuid', 'uuid'],
  ['k8s_ns_name', 'k8s_ns_name'],
  ['_private', '_private'],
  ['proc.name', 'proc_name'],
  ['a..b', 'a_b'],
  ['1st', 'key_1st'],
  ['_', 'unnamed_5f'],
  ['..', 'unnamed_2e2e'],
  ['', 'unnamed_'],
])('metadataName(%j) is %j, each time', (name, expected) => {
  expect(metadataName(name)).toBe(expected);
  expect(metadataName(name)).toBe(expected);
});

test.each([
  ['project', true],
  ['_a', true],
  ['9a', false],
  ['a-b', false],
  ['', false],
])('isLabelName(%j) is %j', (name, expected) => {
  expect(isLabelName(name)).toBe(expected);
});
