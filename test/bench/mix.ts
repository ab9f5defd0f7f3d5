/** Push bodies for the benchmark: the fixtures' events with identities of their own, mixed as in life or all different. */

import { fixtures } from '../fixtures/load.ts';

/**
 * usual: as one public cluster's 33,000 events a day are spread: 29,465 are "Contact K8S API Server From Container",
 * 3,150 "Run shell untrusted", 455 are Critical. About one in nine opens a window.
 * firsts: the same rules in the same shares, but each event the first of its kind.
 * played: as usual where time passes as well, so that windows close and open by themselves.
 * varied: all fixtures in turn, each event the first of its kind: more streams in Loki than a fleet in peace has.
 */
export type MixName = 'usual' | 'firsts' | 'played' | 'varied';

/** A fixture: the event's text as Falcosidekick published it, and the message's attributes. */
export interface Sample {
  text: string;
  attributes: Readonly<Record<string, string>>;
}

/** The fixtures that say who they are; a few lack an identity or a time, on purpose. */
export function readSamples(): Sample[] {
  return fixtures()
    .map(({ data, attributes }) => ({ text: Buffer.from(data, 'base64').toString(), attributes }))
    .filter(({ text }) => UUID.test(text) && TIME.test(text));
}

const API_SERVER = 'Contact K8S API Server From Container';
const SHELL = 'Run shell untrusted';

const API_SERVER_SHARE = 29_465 / 33_070;
const SHELL_SHARE = 3_150 / 33_070;
/** A hundred workloads that talk to the API server, in windows of an hour: 2,400 firsts among 29,465. */
const API_SERVER_FIRSTS = 0.08;
/** Five places where shells are run, in windows of ten minutes: 720 firsts among 3,150. */
const SHELL_FIRSTS = 0.23;
const API_SERVER_PLACES = 100;
const SHELL_PLACES = 5;

/**
 * `count` bodies of push requests. The same `run` never comes twice for one store, since it makes identities and
 * places; all but that and `timeOf`, an event's time by its index, is the same in each run.
 */
export function bodiesOf(
  samples: readonly Sample[],
  mix: MixName,
  count: number,
  run: number,
  timeOf: (index: number) => number = Date.now,
): Buffer[] {
  const random = randomNumbers(20_261_123);
  const next = mix === 'varied' ? varied(samples) : asInLife(samples, random, mix);
  return Array.from({ length: count }, (_, index) => {
    const { sample, place } = next(index);
    const id = `${hex(run, 8)}-${hex(index, 4)}-4000-8000-${hex(random() * 2 ** 48, 12)}`;
    const text = placed(sample.text, place ?? `${letters(run)}x${letters(index)}`)
      .replace(UUID, `"uuid":"${id}"`)
      .replace(TIME, `"time":"${new Date(timeOf(index)).toISOString()}"`)
      .replace(AUDIT_ID, `"ka.auditid":"${id}"`);
    return pushBody(text, sample.attributes, `${run}${index}`);
  });
}

/** What happens next, and where: without a place it is one where nothing happened before. */
type Next = (index: number) => { sample: Sample; place?: string };

function varied(samples: readonly Sample[]): Next {
  return (index) => ({ sample: of(samples, index) });
}

function asInLife(samples: readonly Sample[], random: () => number, mix: MixName): Next {
  const named = (rule: string): Sample[] => samples.filter(({ text }) => text.includes(`"rule":"${rule}"`));
  const inPods = samples.filter(({ text }) => text.includes('"source":"syscall'));
  const [apiServer, shell] = [named(API_SERVER), named(SHELL)];
  const critical = inPods.filter(({ text }) => text.includes('"priority":"Critical"'));
  return (index) => {
    const kind = random();
    const share = random();
    const isFirst = mix === 'firsts' ? 0 : mix === 'played' ? 1 : share;
    const where = random();
    if (kind < API_SERVER_SHARE) {
      return isFirst < API_SERVER_FIRSTS ? { sample: of(apiServer, index) } : at(apiServer, API_SERVER_PLACES, where);
    }
    if (kind < API_SERVER_SHARE + SHELL_SHARE) {
      return isFirst < SHELL_FIRSTS ? { sample: of(shell, index) } : at(shell, SHELL_PLACES, where);
    }
    return { sample: of(critical, index) };
  };
}

/** One of a few places, always with the same sample, so that it is the same thing again. */
function at(samples: readonly Sample[], places: number, where: number): { sample: Sample; place: string } {
  const place = Math.floor(where * places);
  return { sample: of(samples, place), place: letters(place) };
}

function of(samples: readonly Sample[], index: number): Sample {
  const sample = samples[index % samples.length];
  if (!sample) throw new Error('the fixtures lack a kind of event that the mix needs');
  return sample;
}

const UUID = /"uuid":"[^"]{16,}"/;
const TIME = /"time":"[^"]+"/;
const AUDIT_ID = /"ka\.auditid":"[^"]*"/;
/** What makes an event another one than before, whatever its family. */
const PLACES: readonly [pattern: RegExp, of: (place: string) => string][] = [
  [/"k8s\.pod\.name":"[^"]+"/, (place) => `"k8s.pod.name":"${place}-7c9d8b6f5d-x2x8k"`],
  [/"container\.name":"(?!host")[^"]+"/, (place) => `"container.name":"${place}"`],
  [
    /"container\.image\.repository":"[^"]+"/,
    (place) => `"container.image.repository":"europe-docker.pkg.dev/acme/${place}"`,
  ],
  [/"ka\.target\.name":"[^"]+"/, (place) => `"ka.target.name":"${place}"`],
  [/"hostname":"gke-([^"]+)-[^"-]+"/, (place) => `"hostname":"gke-$1-${place}"`],
];

function placed(text: string, place: string): string {
  return PLACES.reduce((changed, [pattern, put]) => changed.replace(pattern, put(place)), text);
}

/** https://cloud.google.com/pubsub/docs/push#receive_push */
function pushBody(text: string, attributes: Readonly<Record<string, string>>, messageId: string): Buffer {
  const data = Buffer.from(text).toString('base64');
  const message = { data, attributes, messageId, publishTime: new Date().toISOString() };
  return Buffer.from(JSON.stringify({ message, subscription: 'projects/bench/subscriptions/ingest' }));
}

function hex(value: number, digits: number): string {
  return Math.floor(value).toString(16).padStart(digits, '0').slice(-digits);
}

/** A number in letters, which no normalisation takes for a generated name. */
export function letters(value: number): string {
  const digit = String.fromCharCode(97 + (value % 26));
  return value < 26 ? digit : letters(Math.floor(value / 26)) + digit;
}

/** The same numbers each time: https://en.wikipedia.org/wiki/Linear_congruential_generator */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
