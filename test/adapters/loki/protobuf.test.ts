import { describe, expect, test } from '@jest/globals';
import snappyjs from 'snappyjs';
import { encodeEntry, encodePush } from '../../../functions/adapters/loki/protobuf.ts';
import type { LogEntry } from '../../../functions/core/event/alert.ts';
import { decodePush } from '../../../functions/local/loki-push.ts';
import { entryOf } from './support.ts';

const LABELS = '{cluster="c", service_name="falco"}';

const ENTRIES: Readonly<Record<string, LogEntry>> = {
  plain: entryOf('a'),
  'every nanosecond digit': entryOf('a', { timestampNs: '1795444753123456789' }),
  'a whole second': entryOf('a', { timestampNs: '1795444753000000000' }),
  'other alphabets and emoji': entryOf('ü-日本-🦅', { line: '{"output":"ñ 日本語 🦅 \\u003c"}' }),
  'an empty line': entryOf('a', { line: '' }),
  'a line longer than a varint of two bytes': entryOf('a', { line: 'x'.repeat(20_000) }),
  'a line longer than the first buffer': entryOf('a', { line: 'é'.repeat(300_000) }),
  'a value at the edge of the short path': entryOf('a', { metadata: { image: 'i'.repeat(31), mitre: 'm'.repeat(32) } }),
};

describe('encodePush', () => {
  test.each(Object.entries(ENTRIES))('%s: decodes to what went in', (_name, entry) => {
    const [stream] = decodePush(encodePush(LABELS, [encodeEntry(entry)]));
    expect(stream).toEqual({
      labels: LABELS,
      entries: [{ timestampNs: entry.timestampNs, line: entry.line, metadata: entry.metadata }],
    });
  });

  test('a snappy library reads the block, and finds the same protobuf', () => {
    const entries = Object.values(ENTRIES).map(encodeEntry);
    const message = Buffer.from(snappyjs.uncompress(encodePush(LABELS, entries)));
    const streamBytes = entries.reduce((sum, { length }) => sum + length, 2 + LABELS.length);
    expect(message.subarray(message.length - streamBytes)).toEqual(
      Buffer.concat([Buffer.from([0x0a, LABELS.length]), Buffer.from(LABELS), ...entries]),
    );
    expect(message[0]).toBe(0x0a);
  });

  test('entries keep their order, and none changes another', () => {
    const entries = Array.from({ length: 300 }, (_, index) => entryOf(`uuid-${index}`));
    const encoded = entries.map(encodeEntry);
    const [stream] = decodePush(encodePush(LABELS, encoded));
    expect(stream?.entries.map(({ metadata }) => metadata.uuid)).toEqual(entries.map(({ metadata }) => metadata.uuid));
  });
});

describe('encodeEntry', () => {
  const metadataOf = (metadata: Record<string, string>): Record<string, string> | undefined =>
    decodePush(encodePush(LABELS, [encodeEntry({ ...entryOf('a'), metadata })]))[0]?.entries[0]?.metadata;

  test('metadata without a value is left out', () => {
    expect(metadataOf({ uuid: 'a', team: '' })).toEqual({ uuid: 'a' });
  });

  test('a name that Loki would answer with 500 for ever is changed, and no value is lost', () => {
    expect(metadataOf({ '': '1', ___: '2', 日本: '3', 'a.b': '4', '9lives': '5' })).toEqual({
      unnamed_: '1',
      unnamed_5f5f5f: '2',
      unnamed_e697a5e69cac: '3',
      a_b: '4',
      key_9lives: '5',
    });
  });

  test('half a character becomes the replacement character, as everywhere', () => {
    expect(metadataOf({ uuid: 'a\ud800b' })).toEqual({ uuid: 'a\ufffdb' });
  });
});
