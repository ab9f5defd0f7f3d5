/** The messages of the scenarios: real ones, made new, and such as can't be written to Loki or are no events at all. */

import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseTime } from '../../../functions/core/time.ts';
import { fixture, fixtureNames } from '../../fixtures/load.ts';

/** 400 messages that a real Falcosidekick published, where they lie beside the project. */
const RECORDED = join(import.meta.dirname, '../../../../shared/data/falcosidekick-messages.ndjson');

export interface Sample {
  data: string | Uint8Array;
  attributes: Readonly<Record<string, string>>;
  /** The reason why it must end on the dead-letter topic; absent: it must end in Loki. */
  parked?: string;
}

type EventSample = Sample & { data: string };

/** Names what is no event, and so has no identity of its own; the dead-letter topic keeps attributes. */
export const SAMPLE_NAME = 'sample';

/** Every fixture, and the recorded messages where they are, as if they happened in the minutes before `now`. */
export function realSamples(now: number): EventSample[] {
  const samples = fixtureNames().map(eventOf);
  if (existsSync(RECORDED)) {
    for (const line of readFileSync(RECORDED, 'utf8').trim().split('\n')) {
      const { data, attributes } = JSON.parse(line) as { data: string; attributes: Record<string, string> };
      samples.push({ data: decoded(data), attributes });
    }
  } else process.stdout.write('The recorded messages are not here: the fixtures alone.\n');
  return recent(samples, now);
}

/** Fine events, but so late that Loki calls them too far behind the others of their stream. */
export function lateSamples(now: number): EventSample[] {
  return ['Late, the first', 'Late, the second'].map((rule) => changed({ rule, now, secondsLater: -5_400 }));
}

/** Events that Loki never takes, each under a rule of its own, so that none is a repeat of another. */
export function refusedSamples(now: number): EventSample[] {
  const long = `"output_fields":{"evt.arg.data":"${'x '.repeat(150_000)}",`;
  const refused = [
    changed({ rule: 'Older than Loki takes', now, secondsLater: -180 * 3_600 }),
    changed({ rule: 'Later than Loki takes', now, secondsLater: 3_600 }),
    changed({ rule: 'Longer than Loki takes', now, fields: long }),
  ];
  return refused.map((sample) => ({ ...sample, parked: 'loki-refused' }));
}

/** Messages that are no events. */
export function unreadableSamples(): Sample[] {
  const table: [name: string, parked: string, data: string | Uint8Array][] = [
    ['cut', 'event-bad-json', '{"uuid":"a7d1", "output":"09:00:00.1: Not'],
    ['foreign', 'event-not-falco', '{"jsonrpc":"2.0","id":1}'],
    ['binary', 'message-not-utf8', new Uint8Array([0xff, 0xfe, 0x00, 0x80])],
    ['empty', 'message-no-data', ''],
  ];
  return table.map(([name, parked, data]) => ({ data, attributes: { [SAMPLE_NAME]: name }, parked }));
}

/** A dropped binary in each of `count` namespaces that no other event names. */
export function attacks(count: number, now: number): EventSample[] {
  return Array.from({ length: count }, () => {
    const [sample] = recent([eventOf('exec-dropped-binary')], now);
    const namespace = `night-${randomUUID().slice(0, 8)}`;
    return { ...sample, data: sample.data.replace('"k8s.ns.name":"payments"', `"k8s.ns.name":"${namespace}"`) };
  });
}

function changed(change: { rule: string; now: number; secondsLater?: number; fields?: string }): EventSample {
  const [sample] = recent([eventOf('file-shadow')], change.now);
  const data = shifted(sample.data, change.secondsLater ?? 0)
    .replace(/"rule":"[^"]*"/, `"rule":"${change.rule}"`)
    .replace('"output_fields":{', change.fields ?? '"output_fields":{');
  return { ...sample, data };
}

function eventOf(name: string): EventSample {
  const { data, attributes } = fixture(name);
  return { data: decoded(data), attributes };
}

function decoded(base64: string): string {
  return Buffer.from(base64, 'base64').toString();
}

/** The same events under identities of their own, the last of them a second before `now`; all other bytes stay. */
function recent(samples: readonly [EventSample], now: number): [EventSample];
function recent(samples: readonly EventSample[], now: number): EventSample[];
function recent(samples: readonly EventSample[], now: number): EventSample[] {
  const times = samples.map(({ data }) => Number(parseTime(TIME.exec(data)?.[2] ?? '') ?? 0n) / 1e6);
  const seconds = Math.floor((now - Math.max(...times)) / 1_000) - 1;
  return samples.map((sample) => ({ ...sample, data: renamed(shifted(sample.data, seconds)) }));
}

function renamed(data: string): string {
  return data.replace(/("(?:uuid|ka\.auditid)":")[^"]*"/g, (_, name: string) => `${name}${randomUUID()}"`);
}

const TIME = /("time":")([^"]*)"/;

/** Fraction and offset stay as they are spelt, and so does every digit of the integer. */
function shifted(data: string, seconds: number): string {
  return data
    .replace(TIME, (_, name: string, time: string) => {
      const wall = new Date(Date.parse(`${time.slice(0, 19)}Z`) + seconds * 1_000).toISOString().slice(0, 19);
      return `${name}${wall}${time.slice(19)}"`;
    })
    .replace(
      /("evt\.time":)(\d+)/,
      (_, name: string, ns: string) => `${name}${BigInt(ns) + BigInt(seconds) * 10n ** 9n}`,
    );
}
